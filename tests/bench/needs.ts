// What the product must be able to do before a scenario makes sense. Asks the running product, never the
// sources.
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { CarillonRig } from './carillon-rig.ts';
import { NotMeasurable } from './scenario.ts';

const topic = 'bench-question';
const answerMs = 10_000;
const unprocessable = 422;

/** @throws NotMeasurable while topics are refused to producers or to sockets */
export async function needTopics(rig: CarillonRig): Promise<void> {
  const posted = await ask(rig, `${rig.cluster.collectUrl}/v1/messages`, {
    to: `topic:${topic}`,
    event: 'question',
  });
  if (posted.status === unprocessable) throw new NotMeasurable('needs topics, and they are refused');
  if (posted.status !== 202) throw new Error(`a message to a topic was answered ${posted.status}`);
  const made = await ask(rig, `${rig.cluster.authUrl}/v1/tokens`, { user: 'question', topics: [topic] });
  const { token } = (await made.json()) as { token: string };
  const frame = await firstFrame(rig, token);
  if (!frame.includes(`"topic:${topic}"`))
    throw new NotMeasurable(`needs topics, and a socket that names one is answered ${frame}`);
}

function ask({ cluster }: CarillonRig, url: string, body: object): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${cluster.adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** What a hello that names the topic is answered: `welcome` lists the logs. */
async function firstFrame({ cluster }: CarillonRig, token: string): Promise<string> {
  const socket = new WebSocket(cluster.pushNodes[0]?.socketUrl ?? '', ['carillon.v1'], {
    headers: { authorization: `Bearer ${token}` },
  });
  const signal = AbortSignal.timeout(answerMs);
  try {
    await once(socket, 'open', { signal });
    socket.send(JSON.stringify({ type: 'hello', instance: 'question', cursors: {}, topics: [topic] }));
    const [data] = (await once(socket, 'message', { signal })) as [Buffer];
    return data.toString();
  } finally {
    socket.terminate();
  }
}
