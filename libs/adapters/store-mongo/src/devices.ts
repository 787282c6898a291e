/** Which devices a user has. A device that is forgotten takes its cursors with it. */

import { type Device, type DeviceKey, deviceUser, type UserKey } from '@carillon/domain';
import { type DeviceSighting, Devices } from '@carillon/domain/ports';
import type { mongo } from 'mongoose';
import type { Guard } from './guard.js';
import { type CursorRow, cursorId, type DeviceRow } from './rows.js';
import { upsertAll } from './upserts.js';

const forgottenPerCall = 100;

export class MongoDevices extends Devices {
  readonly #devices: mongo.Collection<DeviceRow>;
  readonly #cursors: mongo.Collection<CursorRow>;
  readonly #guard: Guard;

  constructor(devices: mongo.Collection<DeviceRow>, cursors: mongo.Collection<CursorRow>, guard: Guard) {
    super();
    this.#devices = devices;
    this.#cursors = cursors;
    this.#guard = guard;
  }

  override async seen(sightings: readonly DeviceSighting[], max: number): Promise<void> {
    await upsertAll(this.#devices, this.#guard, sightings.map(upsertOf));
    const users = new Set(sightings.map(({ device }) => deviceUser(device)));
    for (const user of await this.#withMoreThan(max, [...users])) await this.#trim(user, max);
  }

  override async ofUser(user: UserKey): Promise<readonly Device[]> {
    const rows = await this.#guard.call(() => this.#ofUser(user).toArray());
    return rows.map(({ _id, firstSeenAt, lastSeenAt, app }) => ({
      key: _id,
      firstSeenAt,
      lastSeenAt,
      ...(app === undefined ? {} : { app }),
    }));
  }

  /** Cursors first, as below; also those of devices that were forgotten before. */
  override async forget(user: UserKey): Promise<void> {
    // "0" is the character after "/", which no name contains: the range holds this user's devices, no others.
    const range = { _id: { $gte: `${user}/`, $lt: `${user}0` } };
    await this.#guard.call(() => this.#cursors.deleteMany(range));
    await this.#guard.call(() => this.#devices.deleteMany({ user }));
  }

  async #withMoreThan(max: number, users: readonly UserKey[]): Promise<readonly UserKey[]> {
    const pipeline = [
      { $match: { user: { $in: users } } },
      { $group: { _id: '$user', count: { $sum: 1 } } },
      { $match: { count: { $gt: max } } },
    ];
    const rows = await this.#guard.call(() => this.#devices.aggregate<{ _id: UserKey }>(pipeline).toArray());
    return rows.map((row) => row._id);
  }

  async #trim(user: UserKey, max: number): Promise<void> {
    const surplus = await this.#guard.call(() =>
      this.#ofUser(user).skip(max).limit(forgottenPerCall).toArray(),
    );
    for (const row of surplus) await this.#forget(row._id);
  }

  #ofUser(user: UserKey): mongo.FindCursor<mongo.WithId<DeviceRow>> {
    return this.#devices.find({ user }).sort({ lastSeenAt: -1, _id: 1 });
  }

  /** Cursors first: interrupted, the device is still there to be forgotten again. */
  async #forget(device: DeviceKey): Promise<void> {
    // "A" is the character after "@".
    // The range also holds devices whose names go on with "@": the log tells them apart.
    const range = { _id: { $gte: `${device}@`, $lt: `${device}A` } };
    const rows = await this.#guard.call(() => this.#cursors.find(range).toArray());
    const own = rows.filter((row) => row._id === cursorId(device, row.log)).map((row) => row._id);
    if (own.length > 0) await this.#guard.call(() => this.#cursors.deleteMany({ _id: { $in: own } }));
    await this.#guard.call(() => this.#devices.deleteOne({ _id: device }));
  }
}

function upsertOf({ device, at, app }: DeviceSighting) {
  const update = {
    $max: { lastSeenAt: at },
    $min: { firstSeenAt: at },
    $setOnInsert: { user: deviceUser(device) },
    ...(app === undefined ? {} : { $set: { app } }),
  };
  return { q: { _id: device }, u: update };
}
