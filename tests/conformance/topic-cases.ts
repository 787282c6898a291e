// Topics: who may follow which, where a session starts in one, and what ends it. Each case has a topic of its
// own.
import type { Case } from './conformance-case.ts';
import { type Frame, type Hello, Peer } from './peer.ts';
import type { Stage } from './stage.ts';

/** How long nothing must come before it is taken not to come. */
const quietMs = 300;

/** A session whose token allows these patterns. */
interface Asked {
  readonly patterns: readonly string[];
  readonly hello?: Hello;
  readonly user?: string;
}

async function open(stage: Stage, { patterns, hello = {}, user = stage.newUser() }: Asked): Promise<Peer> {
  const token = await stage.token(user, { topics: patterns });
  return Peer.open(stage, { user, token, hello });
}

/** Opens a session, does something with it and a topic, and ends it. */
function played(change: (topic: string) => Partial<Asked>, act: Act): Case['play'] {
  return async (stage) => {
    const topic = stage.newTopic();
    const peer = await open(stage, { patterns: [topic], ...change(topic) });
    try {
      return await act(peer, topic, stage);
    } finally {
      await peer.end();
    }
  };
}
type Act = (peer: Peer, topic: string, stage: Stage) => Promise<string>;

const allowed = (): Partial<Asked> => ({});
const refused = (): Partial<Asked> => ({ patterns: [] });
const greeted = (topic: string): Partial<Asked> => ({ hello: { topics: [topic] } });

/** `from-head resumed` or `from-head gap`. */
function start({ from, head, resumed }: Partial<Frame>): string {
  return `${String(from)}-${String(head)} ${resumed ? 'resumed' : 'gap'}`;
}

const startIn = (peer: Peer, topic: string): unknown =>
  (peer.welcome.logs as Record<string, unknown> | undefined)?.[`topic:${topic}`];

/** `code of its own topic`, or `… of another one`. */
function refusal({ code, ref }: Frame, topic: string): string {
  return `${String(code)} of ${ref === topic ? 'its own topic' : 'another one'}`;
}

/** The numbers of the topic's messages. Which of them are replays depends on what the node has in hand. */
function shown(peer: Peer, topic: string): string {
  const messages = peer.frames.filter(({ type, log }) => type === 'message' && log === `topic:${topic}`);
  return messages.map(({ seq }) => seq).join(' ');
}

async function subscribed(peer: Peer, topic: string, cursor?: number): Promise<Frame> {
  peer.send({ type: 'subscribe', topic, cursor });
  return peer.got(({ type, log }) => type === 'subscribed' && log === `topic:${topic}`);
}

async function errorOf(peer: Peer): Promise<Frame> {
  return peer.got(({ type }) => type === 'error');
}

async function quiet(peer: Peer): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, quietMs));
  await peer.settled();
}

const messageOf = (topic: string, last: number) => (frame: Frame) =>
  frame.type === 'message' && frame.log === `topic:${topic}` && frame.seq === last;

/** A topic with three entries, which is then subscribed to. */
function subscribedLate(cursor: number | undefined, last?: number): Act {
  return async (peer, topic, stage) => {
    await stage.send(`topic:${topic}`, 3);
    const answer = await subscribed(peer, topic, cursor);
    if (last !== undefined) await peer.got(messageOf(topic, last));
    await quiet(peer);
    return `${start(answer)}: ${shown(peer, topic)}`.trim();
  };
}

const subscriptions: readonly (readonly [name: string, expected: string, play: Case['play']])[] = [
  [
    'a topic in hello is in welcome, and its messages come',
    '0-0 resumed, then 1',
    played(greeted, async (peer, topic, stage) => {
      await stage.send(`topic:${topic}`);
      await peer.got(messageOf(topic, 1));
      return `${start(startIn(peer, topic) as Frame)}, then ${shown(peer, topic)}`;
    }),
  ],
  [
    'a topic in hello that the token does not allow',
    'scope_missing of its own topic, not in welcome',
    played(
      (topic) => ({ ...refused(), ...greeted(topic) }),
      async (peer, topic) => {
        const words = refusal(await errorOf(peer), topic);
        return `${words}, ${startIn(peer, topic) === undefined ? 'not in welcome' : 'in welcome'}`;
      },
    ),
  ],
  [
    'a cursor in hello resumes a topic',
    '1-3 resumed: 2 3',
    async (stage) => {
      const topic = stage.newTopic();
      await stage.send(`topic:${topic}`, 3);
      const hello = { topics: [topic], cursors: { [`topic:${topic}`]: 1 } };
      const peer = await open(stage, { patterns: [topic], hello });
      await peer.got(messageOf(topic, 3));
      await peer.end();
      return `${start(startIn(peer, topic) as Frame)}: ${shown(peer, topic)}`;
    },
  ],
  [
    'subscribe without a cursor starts at the head',
    '3-3 resumed:',
    played(allowed, subscribedLate(undefined)),
  ],
  [
    'subscribe with a cursor replays what follows it',
    '1-3 resumed: 2 3',
    played(allowed, subscribedLate(1, 3)),
  ],
  ['subscribe with a cursor beyond the head', '3-3 gap:', played(allowed, subscribedLate(4))],
  [
    'subscribe to what the token does not allow',
    'scope_missing of its own topic',
    played(refused, async (peer, topic) => {
      peer.send({ type: 'subscribe', topic });
      return refusal(await errorOf(peer), topic);
    }),
  ],
  [
    'a pattern allows what begins like it',
    '0-0 resumed',
    played(
      (topic) => ({ patterns: [`${topic.slice(0, -1)}*`] }),
      async (peer, topic) => start(await subscribed(peer, topic)),
    ),
  ],
  [
    'a pattern does not allow its own beginning',
    'scope_missing of its own topic',
    played(
      (topic) => ({ patterns: [`${topic}.*`] }),
      async (peer, topic) => {
        peer.send({ type: 'subscribe', topic });
        return refusal(await errorOf(peer), topic);
      },
    ),
  ],
  ['subscribe twice is answered twice, and repeats no message', '2 answers, messages 1 2', twice()],
  [
    'the 257th topic of a session',
    'validation_failed of its own topic',
    played(
      (topic) => ({
        patterns: ['*'],
        hello: { topics: Array.from({ length: 256 }, (_, at) => `${topic}.${at}`) },
      }),
      async (peer, topic) => {
        peer.send({ type: 'subscribe', topic });
        return refusal(await errorOf(peer), topic);
      },
    ),
  ],
  ['unsubscribe ends the messages', 'messages 1', unsubscribed()],
  [
    'unsubscribe from what is not followed is answered',
    'unsubscribed',
    played(allowed, async (peer, topic) => {
      peer.send({ type: 'unsubscribe', topic });
      return (await peer.got(({ log }) => log === `topic:${topic}`)).type;
    }),
  ],
  ['a newer token that does not allow a topic ends it', 'error, unsubscribed', newerToken()],
];

const logs: readonly (readonly [name: string, expected: string, play: Case['play']])[] = [
  [
    '64 unsettled messages of a topic do not hold up the user',
    '64 of the topic, 1 of the user',
    played(greeted, async (peer, topic, stage) => {
      await stage.send(`topic:${topic}`, 70);
      await peer.got(messageOf(topic, 64));
      await stage.post(peer.user);
      await peer.got(({ log }) => log === 'user');
      await quiet(peer);
      const ofUser = peer.frames.filter(({ log }) => log === 'user').length;
      return `${shown(peer, topic).split(' ').length} of the topic, ${ofUser} of the user`;
    }),
  ],
  [
    'an ack of a topic lets the rest of it come',
    '70',
    played(greeted, async (peer, topic, stage) => {
      await stage.send(`topic:${topic}`, 70);
      await peer.got(messageOf(topic, 64));
      peer.send({ type: 'ack', log: `topic:${topic}`, seq: 64 });
      await peer.got(messageOf(topic, 70));
      return String(shown(peer, topic).split(' ').length);
    }),
  ],
  [
    'an ack beyond the head of a topic',
    'close 4000',
    played(greeted, async (peer, topic) => {
      peer.send({ type: 'ack', log: `topic:${topic}`, seq: 1 });
      return `close ${await peer.closeCode()}`;
    }),
  ],
  [
    'an ack of a topic that is not followed does no harm',
    'open',
    played(allowed, async (peer, topic) => {
      peer.send({ type: 'ack', log: `topic:${topic}`, seq: 9 });
      await quiet(peer);
      return 'open';
    }),
  ],
  [
    'what is only for now comes as volatile, and takes no number',
    'volatile, then 1',
    played(greeted, async (peer, topic, stage) => {
      await stage.send(`topic:${topic}`, 1, { ttl: 0 });
      const { type, seq } = await peer.got(({ log }) => log === `topic:${topic}`);
      await stage.send(`topic:${topic}`);
      await peer.got(messageOf(topic, 1));
      return `${type}${seq === undefined ? '' : ' with a number'}, then ${shown(peer, topic)}`;
    }),
  ],
  [
    'one message is one entry for all who follow',
    '1, 1',
    async (stage) => {
      const topic = stage.newTopic();
      const asked = { patterns: [topic], hello: { topics: [topic] } };
      const peers = [await open(stage, asked), await open(stage, asked)];
      await stage.send(`topic:${topic}`);
      for (const peer of peers) await peer.got(messageOf(topic, 1));
      await Promise.all(peers.map((peer) => peer.end()));
      return peers.map((peer) => shown(peer, topic)).join(', ');
    },
  ],
];

const memberships: readonly (readonly [name: string, expected: string, play: Case['play']])[] = [
  [
    'a new member is told unasked, and sent what follows',
    '2-2 resumed: 3',
    played(refused, async (peer, topic, stage) => {
      await stage.send(`topic:${topic}`, 2);
      const answer = await joined(peer, topic, stage);
      await stage.send(`topic:${topic}`);
      await peer.got(messageOf(topic, 3));
      return `${start(answer)}: ${shown(peer, topic)}`;
    }),
  ],
  [
    'a membership that ends is told unasked, and ends the messages',
    'unsubscribed, messages',
    played(refused, async (peer, topic, stage) => {
      await joined(peer, topic, stage);
      await stage.leave(topic, peer.user);
      const { type } = await peer.got((frame) => frame.type === 'unsubscribed');
      await stage.send(`topic:${topic}`);
      await quiet(peer);
      return `${type}, messages ${shown(peer, topic)}`.trim();
    }),
  ],
  [
    'a membership cannot be left by unsubscribe',
    'scope_missing of its own topic, messages 1',
    played(refused, async (peer, topic, stage) => {
      await joined(peer, topic, stage);
      peer.send({ type: 'unsubscribe', topic });
      const words = refusal(await errorOf(peer), topic);
      await stage.send(`topic:${topic}`);
      await peer.got(messageOf(topic, 1));
      return `${words}, messages ${shown(peer, topic)}`;
    }),
  ],
  [
    'a member is sent what came while it was away, but nothing older',
    '2-3 resumed: 3',
    async (stage) => {
      const [topic, user] = [stage.newTopic(), stage.newUser()];
      await stage.send(`topic:${topic}`, 2);
      await stage.join(topic, user);
      await stage.send(`topic:${topic}`);
      const peer = await open(stage, { patterns: [], user });
      await peer.got(messageOf(topic, 3));
      await peer.end();
      return `${start(startIn(peer, topic) as Frame)}: ${shown(peer, topic)}`;
    },
  ],
  [
    'a member that was one before is told that it missed something',
    '1, then 3-3 gap: 4',
    played(refused, async (peer, topic, stage) => {
      await joined(peer, topic, stage);
      await stage.send(`topic:${topic}`);
      await peer.got(messageOf(topic, 1));
      const before = shown(peer, topic);
      await stage.leave(topic, peer.user);
      await peer.got(({ type }) => type === 'unsubscribed');
      await stage.send(`topic:${topic}`, 2);
      await stage.join(topic, peer.user);
      const isAgain = ({ type, head }: Frame) => type === 'subscribed' && head === 3;
      const answer = await peer.got(isAgain);
      await stage.send(`topic:${topic}`);
      await peer.got(messageOf(topic, 4));
      return `${before}, then ${start(answer)}: ${shown(peer, topic).slice(before.length).trim()}`;
    }),
  ],
];

/** All of topics. */
export const topicCases: readonly Case[] = Object.entries({ subscriptions, logs, memberships }).flatMap(
  ([, rows]) =>
    rows.map(([name, expected, play]): Case => ({ group: 'topic', name, expected: [expected], play })),
);

async function joined(peer: Peer, topic: string, stage: Stage): Promise<Frame> {
  await stage.join(topic, peer.user);
  return peer.got(({ type, log }) => type === 'subscribed' && log === `topic:${topic}`);
}

function twice(): Case['play'] {
  return played(allowed, async (peer, topic, stage) => {
    await subscribed(peer, topic);
    await stage.send(`topic:${topic}`);
    await peer.got(messageOf(topic, 1));
    peer.send({ type: 'subscribe', topic, cursor: 0 });
    await peer.settled();
    await stage.send(`topic:${topic}`);
    await peer.got(messageOf(topic, 2));
    const answers = peer.frames.filter(({ type }) => type === 'subscribed').length;
    return `${answers} answers, messages ${shown(peer, topic)}`;
  });
}

function unsubscribed(): Case['play'] {
  return played(greeted, async (peer, topic, stage) => {
    await stage.send(`topic:${topic}`);
    await peer.got(messageOf(topic, 1));
    peer.send({ type: 'unsubscribe', topic });
    await peer.got(({ type }) => type === 'unsubscribed');
    await stage.send(`topic:${topic}`);
    await quiet(peer);
    return `messages ${shown(peer, topic)}`;
  });
}

function newerToken(): Case['play'] {
  return played(greeted, async (peer, topic, stage) => {
    peer.send({ type: 'token', token: await stage.token(peer.user, { topics: [] }) });
    await peer.got(({ type }) => type === 'unsubscribed');
    const about = ({ type, log, ref }: Frame) =>
      type !== 'welcome' && (log === `topic:${topic}` || ref === topic);
    return peer.frames
      .filter(about)
      .map(({ type }) => type)
      .join(', ');
  });
}
