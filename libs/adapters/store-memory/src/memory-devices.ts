/** Devices in memory. A forgotten device takes its cursors along. */
import { type Device, type DeviceKey, deviceUser, type UserKey } from '@carillon/domain';
import { type DeviceSighting, Devices } from '@carillon/domain/ports';
import type { MemoryAccess, MemoryData } from './memory-data.js';

/** Devices over maps. */
export class MemoryDevices extends Devices {
  constructor(private readonly access: MemoryAccess) {
    super();
  }

  override async seen(sightings: readonly DeviceSighting[], max: number): Promise<void> {
    for (const sighting of sightings) this.note(sighting, max);
  }

  override async ofUser(user: UserKey): Promise<readonly Device[]> {
    return newestFirst(this.access.data.devices.get(user) ?? new Map());
  }

  override async forget(user: UserKey): Promise<void> {
    const { data } = this.access;
    const devices = data.devices.get(user) ?? new Map<DeviceKey, Device>();
    const withCursors = [...data.cursors.keys()].filter((device) => deviceUser(device) === user);
    for (const device of [...devices.keys(), ...withCursors]) forget(data, devices, device);
    data.devices.delete(user);
  }

  private note({ device, at, app }: DeviceSighting, max: number): void {
    const { data } = this.access;
    const user = deviceUser(device);
    const devices = data.devices.get(user) ?? new Map<DeviceKey, Device>();
    const known = devices.get(device);
    devices.set(device, {
      ...known,
      key: device,
      firstSeenAt: known?.firstSeenAt ?? at,
      lastSeenAt: Math.max(known?.lastSeenAt ?? at, at),
      ...(app === undefined ? {} : { app }),
    });
    data.devices.set(user, devices);
    for (const { key } of newestFirst(devices).slice(max)) forget(data, devices, key);
  }
}

function newestFirst(devices: ReadonlyMap<DeviceKey, Device>): Device[] {
  return [...devices.values()].sort((a, b) => b.lastSeenAt - a.lastSeenAt);
}

function forget(data: MemoryData, devices: Map<DeviceKey, Device>, device: DeviceKey): void {
  devices.delete(device);
  for (const log of data.cursors.get(device)?.keys() ?? []) data.followers.get(log)?.delete(device);
  data.cursors.delete(device);
}
