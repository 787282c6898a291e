/** Where a socket enters: wraps it and hands it to the reception. Owns nothing. */
import type { IncomingMessage } from 'node:http';
import { Random, randomName } from '@carillon/domain/ports';
import { type OnGatewayConnection, WebSocketGateway } from '@nestjs/websockets';
import type { WebSocket } from 'ws';
import { Admission } from '../node/admission.js';
import { Reception } from '../session/reception.js';
import { ClientAddresses } from './client-address.js';
import { Connection } from './connection.js';
import { bearerOf } from './push-ws-adapter.js';

@WebSocketGateway({ path: '/v1/connect' })
export class PushGateway implements OnGatewayConnection {
  constructor(
    private readonly reception: Reception,
    private readonly admission: Admission,
    private readonly addresses: ClientAddresses,
    private readonly random: Random,
  ) {}

  handleConnection(socket: WebSocket, request: IncomingMessage): void {
    const connection = new Connection(socket, `c_${randomName(this.random, 16)}`);
    const address = this.addresses.of(request);
    this.admission.opened(address);
    socket.once('close', () => this.admission.closed(address));
    void this.reception.receive(connection, {
      token: bearerOf(request) ?? '',
      origin: request.headers.origin,
    });
  }
}
