/**
 * The AsyncAPI 3.1 document of the socket `carillon.v1`, made from the frames of wire. Must never describe a
 * frame that the decoder does not know: a spec holds both against the golden frames.
 */
import {
  bearerPrefix,
  type ClientFrame,
  closeCodes,
  closeVerdict,
  type FrameSchemas,
  frameSchemas,
  type ServerFrame,
  subprotocol,
} from '@carillon/wire';
import type { JsonObject } from './open-api-components.js';
import { apiVersion } from './version.js';

type ClientType = ClientFrame['type'];
type ServerType = ServerFrame['type'];

const clientFrames: Readonly<Record<ClientType, string>> = {
  hello: 'Who it was, and from where it goes on; the first frame',
  ack: 'Everything up to here is settled',
  read: 'The user has read these messages',
  subscribe: 'Follow a topic',
  unsubscribe: 'Follow a topic no longer',
  call: 'A request of the page to the business system',
  token: 'A newer token for the live session',
  pong: 'Still here',
};

const serverFrames: Readonly<Record<ServerType, string>> = {
  welcome: 'The session is open, and each of its logs starts here',
  message: 'An entry of a log',
  volatile: 'A message in no log, for those who are there',
  skip: 'Entries that this session will not get, and why',
  read: 'Another connection of the user has read these messages',
  subscribed: 'The topic is followed from here',
  unsubscribed: 'No frame of this log follows',
  result: 'The answer to a call',
  'token-accepted': 'The newer token holds',
  ping: 'Still there?',
  drain: 'Move to another node within this time',
  error: 'Refused, and the session goes on',
};

/** What the server says to a frame. */
const answers: Readonly<Partial<Record<ClientType, readonly ServerType[]>>> = {
  hello: ['welcome'],
  subscribe: ['subscribed', 'error'],
  unsubscribe: ['unsubscribed', 'error'],
  call: ['result', 'error'],
  token: ['token-accepted', 'error'],
};

const channel = { $ref: '#/channels/socket' };

/** The document; operations are those of the server: it receives what clients send. */
export function asyncApi(): JsonObject {
  const schemas = frameSchemas();
  return {
    asyncapi: '3.1.0',
    info: {
      title: `Carillon ${subprotocol}`,
      version: apiVersion,
      description: guidance,
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    servers: {
      push: {
        host: 'localhost:8080',
        protocol: 'ws',
        protocolVersion: '13',
        description: 'A Push node; wss wherever it is public.',
        security: [{ $ref: '#/components/securitySchemes/bearer' }],
      },
    },
    channels: { socket: socketChannel() },
    operations: { ...received(), ...sent() },
    components: {
      messages: messagesOf(schemas),
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'The token of one user, as a header or offered as a subprotocol.',
        },
      },
    },
  };
}

const guidance =
  'One JSON object per text frame, told apart by `type`. Unknown fields are ignored, an unknown `type` ends' +
  ' the socket. Beyond these schemas a frame is bounded in bytes and `data` in depth; the reference of the' +
  ' protocol has the rules of a client.';

function socketChannel(): JsonObject {
  const refs = [...namesOf(clientFrames, 'client'), ...namesOf(serverFrames, 'server')];
  return {
    address: '/v1/connect',
    description: 'One session of one user.',
    servers: [{ $ref: '#/servers/push' }],
    messages: Object.fromEntries(refs.map((name) => [name, { $ref: `#/components/messages/${name}` }])),
    bindings: { ws: { method: 'GET', headers: upgradeHeaders(), bindingVersion: '0.1.0' } },
    'x-subprotocol': subprotocol,
    'x-close-codes': Object.entries(closeCodes).map(([name, code]) => ({
      code,
      name,
      verdict: closeVerdict(code),
    })),
  };
}

function upgradeHeaders(): JsonObject {
  return {
    type: 'object',
    required: ['Sec-WebSocket-Protocol'],
    properties: {
      'Sec-WebSocket-Protocol': {
        type: 'string',
        description: `${subprotocol}, and in browsers the token besides; only ${subprotocol} is echoed.`,
        examples: [`${subprotocol}, ${bearerPrefix}eyJhbGciOi…`],
      },
      Authorization: { type: 'string', pattern: '^Bearer ', description: 'Outside of browsers.' },
      Origin: { type: 'string', description: 'Must be allowed for the tenant of the token.' },
    },
  };
}

type Direction = keyof FrameSchemas;

function namesOf(frames: Readonly<Record<string, string>>, direction: Direction): string[] {
  return Object.keys(frames).map((type) => `${direction}-${type}`);
}

function messagesOf(schemas: FrameSchemas): JsonObject {
  const message = (type: string, summary: string, payload: JsonObject) => ({
    name: type,
    title: type,
    summary,
    contentType: 'application/json',
    payload,
  });
  const client = entriesOf(clientFrames).map(
    ([type, words]) => [`client-${type}`, message(type, words, schemas.client[type])] as const,
  );
  const server = entriesOf(serverFrames).map(
    ([type, words]) => [`server-${type}`, message(type, words, schemas.server[type])] as const,
  );
  return Object.fromEntries<JsonObject>([...client, ...server]);
}

function received(): JsonObject {
  return Object.fromEntries(
    entriesOf(clientFrames).map(([type, summary]) => {
      const reply = answers[type];
      const operation = { action: 'receive', channel, summary, messages: [messageOf('client', type)] };
      if (reply === undefined) return [`receive-${type}`, operation];
      const messages = reply.map((each) => messageOf('server', each));
      return [`receive-${type}`, { ...operation, reply: { channel, messages } }];
    }),
  );
}

function sent(): JsonObject {
  const answered = new Set<ServerType>(Object.values(answers).flat());
  const unasked = entriesOf(serverFrames).filter(([type]) => type === 'error' || !answered.has(type));
  return Object.fromEntries(
    unasked.map(([type, summary]) => {
      const operation = { action: 'send', channel, summary, messages: [messageOf('server', type)] };
      const reply = { channel, messages: [messageOf('client', 'pong')] };
      return [`send-${type}`, type === 'ping' ? { ...operation, reply } : operation];
    }),
  );
}

function messageOf(direction: Direction, type: string): JsonObject {
  return { $ref: `#/channels/socket/messages/${direction}-${type}` };
}

function entriesOf<K extends string>(table: Readonly<Record<K, string>>): [K, string][] {
  return Object.entries(table) as [K, string][];
}
