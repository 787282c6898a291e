/** How pages reach nodes: a balancer that knows no more than a real one. Must never look into a frame. */

import type { Random } from '@carillon/domain/ports';
import { subprotocol } from '@carillon/wire';
import type { Process } from './process.js';
import type { PushBoot } from './services.js';
import type { Network, TabSocket } from './tab.js';
import { Wire, type WireWatch } from './wire.js';
import type { World } from './world.js';

const refused = 1006;
/** A balancer finds out after so long that a node is gone. */
const balancerMs = 1_500;

export class Balancer implements Network {
  readonly wires = new Set<Wire>();
  /** When each page asked for a socket last. */
  readonly askedAt = new Map<Process, number>();
  /** Told when a page has reached a node. */
  onSocket: (process: Process) => void = () => {};
  readonly #world: World;
  readonly #random: Random;
  readonly #watch: WireWatch;
  #nodes: { readonly boot: PushBoot; goneAt: number | undefined }[] = [];

  constructor(world: World, watch: WireWatch) {
    this.#world = world;
    this.#watch = watch;
    this.#random = world.chance('balancer');
  }

  add(boot: PushBoot): void {
    const node = { boot, goneAt: undefined as number | undefined };
    this.#nodes.push(node);
    boot.process.onDeath.push(() => {
      node.goneAt = this.#world.time;
      const isSudden = this.#random.next() < 0.5;
      for (const wire of this.#wiresOf(boot.process)) this.#break(wire, isSudden);
    });
  }

  open(process: Process, token: string, socket: TabSocket): void {
    this.askedAt.set(process, this.#world.time);
    const since = this.#world.time - balancerMs;
    this.#nodes = this.#nodes.filter(({ goneAt }) => goneAt === undefined || goneAt > since);
    const node = this.#nodes[Math.floor(this.#random.next() * this.#nodes.length)];
    process.leave(() => {
      this.#world.after(1 + this.#random.next() * 3, () => {
        if (!node || node.goneAt !== undefined) this.#refuse(process, socket);
        else node.boot.process.enter(() => this.#arrive(node.boot, process, { token, socket }));
      });
    });
  }

  /** All sockets of the page's process. */
  wiresOfPage(process: Process): Wire[] {
    return [...this.wires].filter(({ page }) => page.process === process);
  }

  /** A page is gone: its machine says so, or is silent for ever. */
  lose(process: Process): void {
    const isSudden = this.#random.next() < 0.3;
    for (const wire of this.wiresOfPage(process)) {
      wire.goneAt ??= this.#world.time;
      this.#break(wire, isSudden);
    }
  }

  #break(wire: Wire, isSudden: boolean): void {
    if (isSudden) wire.goDark();
    else wire.reset();
  }

  #wiresOf(node: Process): Wire[] {
    return [...this.wires].filter((wire) => wire.node === node);
  }

  #arrive(boot: PushBoot, process: Process, page: { token: string; socket: TabSocket }): void {
    const { token, socket } = page;
    if (socket.isClosed) return;
    if (boot.isDraining || !boot.isUp) {
      this.#refuse(process, socket);
      return;
    }
    this.onSocket(process);
    const wire = new Wire(this.#world, { process, side: socket }, boot.process, this.#watch);
    this.wires.add(wire);
    this.#world.history.note('socket', process.name, boot.process.name);
    socket.wire = wire;
    wire.toPage((side) => side.onopen?.());
    const headers = { 'sec-websocket-protocol': `${subprotocol}, bearer.${token}` };
    const request = { headers, socket: { remoteAddress: '10.0.0.1' } };
    boot.gateway.handleConnection(wire.server as never, request as never);
  }

  #refuse(process: Process, socket: TabSocket): void {
    this.#world.history.note('no socket', process.name);
    this.#world.after(1, () =>
      process.enter(() => {
        if (!socket.isClosed) socket.onclose?.({ code: refused, reason: '' });
      }),
    );
  }
}
