// The row of the broadcast: messages to all and to topics while a Push node dies and some devices are away.
import { windowMax } from '../../fleet/checker.ts';
import { atLeast, atMost, atMostMs, type Row } from '../row.ts';
import { killFull } from './push.ts';

const awayEvery = 10;
const openTimeoutMs = 60_000;
const onlineWithinMs = 20_000;

export const manyRows: readonly Row[] = [
  {
    row: '33',
    broken: 'messages to all and to topics while a Push is killed with 1,000 sockets, and a tenth is away',
    outcome:
      'every device known at the 202 that is or comes online gets each once; wire duplicates ≤ 64 each',
    seconds: 40,
    quickSeconds: 8,
    sockets: 1_000,
    messagesPerSecond: 60,
    manyPerSecond: 8,
    run: async (stage) => {
      const away = stage.users.filter((_, at) => at % awayEvery === 1);
      const here = stage.users.length - away.length;
      stage.fleet.tell({ kind: 'leave', users: away });
      await stage.fleet.until(({ open }) => open === here, openTimeoutMs, 'those who left are away');
      await stage.moment(500, 1_500);
      await killFull(stage, 'push-2');
      await stage.fleet.until(({ open }) => open < here, 5_000, 'sockets that are gone');
      await stage.fleet.until(({ open }) => open === here, openTimeoutMs, 'all sockets open on others');
      stage.notes['backMs'] = Date.now() - stage.at('killed');
      await stage.app('push-2').restart();
      stage.mark('returned');
      stage.fleet.tell({ kind: 'return' });
      const all = stage.users.length;
      await stage.fleet.until(({ open }) => open === all, openTimeoutMs, 'those who were away are back');
    },
    judge: (history, stage) => [
      atLeast('deliveries to all and topics promised', ofMany(history), 1),
      atMost('again after one reconnect', history.againPerReconnectMax, windowMax),
      atMostMs(
        'longest delay of what came after the return',
        history.longestBetween(stage.at('returned'), Infinity),
        onlineWithinMs,
      ),
    ],
  },
];

function ofMany({ verdict, parts }: Parameters<NonNullable<Row['judge']>>[0]): number {
  return verdict.deliveries - parts.ledger.slots;
}
