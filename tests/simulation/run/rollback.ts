/** What is left of a chronicle when an older backup is restored. Must never keep what the backup has not. */
import type { View } from '../store/view.js';
import { Chronicle, type Spell } from './chronicle.js';

export function restored(chronicle: Chronicle, backup: View, time: number): Chronicle {
  const made = new Chronicle();
  for (const [log, head] of chronicle.pastHeads) made.pastHeads.set(log, head);
  keepEntries(made, chronicle, { backup, time });
  keepPositions(made, chronicle, backup);
  for (const doc of backup.docs.members.values()) {
    const { topic, user, head } = doc as unknown as Spell;
    made.spells.push({ topic, user, head: Math.min(head, backup.newest(topic)), from: time, to: undefined });
  }
  return made;
}

function keepEntries(
  made: Chronicle,
  chronicle: Chronicle,
  { backup, time }: { backup: View; time: number },
): void {
  for (const [log, rows] of chronicle.entries) {
    const head = backup.newest(log);
    for (const row of rows.values()) if (row.seq <= head) made.add(row);
  }
  for (const [log, rows] of backup.logs) {
    made.purged.set(log, (rows[0]?.seq ?? 1) - 1);
    for (const { seq, mark } of rows) if (mark) made.mark(log, seq, { mark, at: time, replaced: undefined });
  }
}

/** Lowered to the heads, where the backup has more of a position than of its log. */
function keepPositions(made: Chronicle, chronicle: Chronicle, backup: View): void {
  for (const [log, cursors] of backup.cursors) {
    for (const [device, seq] of cursors) {
      const lowered = Math.min(seq, backup.newest(log));
      made.note(log, lowered);
      made.noteDevice(device, log, lowered);
      made.noteDevice(device, log, chronicle.deviceAt(device, log)?.least ?? seq);
    }
  }
}
