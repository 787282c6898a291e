// `node names-server.ts <address> <hosts file>`: answers for the names of a hosts file on port 53 of the
// address, as the name server inside of an engine's networks does, which HAProxy asks. Must answer nothing
// about any other name.
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';

const headerBytes = 12;
const ttlSeconds = 5;
const kindAddress = 1;
const isAnswer = 0x8180;
const noSuchName = 3;

if (process.argv[1] === import.meta.filename) serve(process.argv[2] ?? '', process.argv[3] ?? '');

/** The reply to one question; undefined for what is no question. */
export function replyTo(query: Buffer, addresses: ReadonlyMap<string, string>): Buffer | undefined {
  const question = questionOf(query);
  if (!question) return undefined;
  const address = addresses.get(question.name);
  const answer = address !== undefined && question.kind === kindAddress ? recordOf(address) : undefined;
  const header = Buffer.alloc(headerBytes);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(isAnswer | (address === undefined ? noSuchName : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answer ? 1 : 0, 6);
  return Buffer.concat([header, query.subarray(headerBytes, question.end), ...(answer ? [answer] : [])]);
}

/** Lines of `address name`. */
export function addressesOf(hosts: string): Map<string, string> {
  const lines = hosts.split('\n').map((line) => line.trim().split(/\s+/));
  return new Map(lines.flatMap(([address = '', ...names]) => names.map((name) => [name, address] as const)));
}

function serve(address: string, file: string): void {
  const addresses = addressesOf(readFileSync(file, 'utf8'));
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address: asker }) => {
    const reply = replyTo(query, addresses);
    if (reply) socket.send(reply, port, asker);
  });
  socket.bind(53, address);
}

function questionOf(query: Buffer): { name: string; kind: number; end: number } | undefined {
  const labels: string[] = [];
  let at = headerBytes;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  const end = at + 5;
  if (labels.length === 0 || end > query.length) return undefined;
  return { name: labels.join('.').toLowerCase(), kind: query.readUInt16BE(at + 1), end };
}

/** Refers to the question's name, class IN. */
function recordOf(address: string): Buffer {
  const record = Buffer.alloc(12);
  record.writeUInt16BE(0xc00c, 0);
  record.writeUInt16BE(kindAddress, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(ttlSeconds, 6);
  record.writeUInt16BE(4, 10);
  return Buffer.concat([record, Buffer.from(address.split('.').map(Number))]);
}
