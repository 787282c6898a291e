// Free ports on the loopback and questions to what listens on them. Must never hand out a port of the
// ephemeral range: a client that reconnects to a killed server there can connect to itself, and the server
// finds its port taken.
import { connect, createServer } from 'node:net';

const portMin = 15_000;
const portMax = 32_000;
const attemptsMax = 100;

/** A port that nobody listened on a moment ago; whoever binds it must be ready to ask for another. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const port = portMin + Math.floor(Math.random() * (portMax - portMin));
    if (await isFree(port)) return port;
  }
  throw new Error(`No free port between ${portMin} and ${portMax} on 127.0.0.1: end what occupies them.`);
}

/** Where to connect, what to say there and how an answer begins. Without `expect` a connection is enough. */
export interface Question {
  readonly host?: string;
  readonly port: number;
  readonly send?: string;
  readonly expect?: string;
  readonly timeoutMs?: number;
}

/** Whether somebody answers as expected in time; never throws. */
export function isAnswering(question: Question): Promise<boolean> {
  const { host = '127.0.0.1', port, send, expect, timeoutMs = 1_000 } = question;
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (isAnswered: boolean) => {
      socket.destroy();
      resolve(isAnswered);
    };
    socket.setTimeout(timeoutMs, () => end(false));
    socket.once('error', () => end(false));
    socket.once('connect', () => {
      if (send) socket.write(send);
      if (!expect) end(true);
    });
    socket.once('data', (data) => end(expect !== undefined && data.toString('latin1').startsWith(expect)));
  });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
