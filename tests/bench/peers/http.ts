// The few lines of HTTP that a peer needs to be told what to send: the same requests that Collect takes.
// Must not do more than a peer of its kind would.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

export interface Item {
  /** One user or topic. */
  readonly to: string;
  readonly event: string;
  readonly data: unknown;
}

/** Calls back with the items of each request and answers as Collect would. */
export function postServer(
  take: (items: readonly Item[]) => void,
  other: (request: IncomingMessage, response: ServerResponse) => void = refuse,
): Server {
  return createServer((request, response) => {
    if (request.method !== 'POST' || !request.url?.startsWith('/v1/messages')) {
      other(request, response);
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Item | { messages: Item[] };
      const items = 'messages' in body ? body.messages : [body];
      take(items);
      const answer =
        'messages' in body
          ? { summary: { accepted: items.length, refused: 0 } }
          : { id: 'msg_0', status: 'accepted' };
      const text = JSON.stringify(answer);
      response.writeHead('messages' in body ? 200 : 202, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
      });
      response.end(text);
    });
  });
}

function refuse(_: IncomingMessage, response: ServerResponse): void {
  response.writeHead(404, { 'content-length': 0 }).end();
}
