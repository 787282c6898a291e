// A device's place tells what the server did wrong from what was only on its way.
import { expect, it } from 'vitest';
import { Place } from './place.ts';

function placeAt(seq: number): Place {
  const place = new Place();
  place.start(0, true);
  for (let each = 1; each <= seq; each++) expect(place.take(each)).toBe('got');
  return place;
}

it('takes the next one and nothing else', () => {
  const place = placeAt(2);
  expect(place.take(4)).toBe('jump');
  expect(place.take(3)).toBe('got');
  expect(place.received).toBe(3);
});

it('does not blame the server for a frame that was on its way when the ack left', () => {
  const place = placeAt(3);
  expect(place.settle()).toBe(3);
  expect(place.take(3)).toBe('again');
});

it('counts what comes again to a socket whose hello had told of it', () => {
  const place = placeAt(3);
  place.settle();
  place.take(4);
  expect(place.claim()).toBe(3);
  place.start(3, true);
  expect(place.take(3)).toBe('again-after-ack');
  expect(place.take(4)).toBe('again');
  expect(place.take(5)).toBe('got');
});

it('does not count what is acknowledged on this socket only, until the next one claims it', () => {
  const place = placeAt(1);
  place.claim();
  place.take(2);
  place.settle();
  expect(place.take(2)).toBe('again');
  place.claim();
  expect(place.take(2)).toBe('again-after-ack');
});

it('claims nothing before the server has said where the log starts', () => {
  expect(new Place().claim()).toBeUndefined();
});

it('keeps its position when it is resumed, and gives it up when that is denied', () => {
  const place = placeAt(9);
  place.settle();
  place.claim();
  place.start(9, true);
  expect(place.received).toBe(9);
  place.start(4, false);
  expect([place.received, place.settled]).toEqual([4, 4]);
  expect(place.take(5)).toBe('got');
});

it('follows a skip that begins where it is, and no other', () => {
  const place = placeAt(2);
  expect(place.skip(5, 6)).toBe(false);
  expect(place.skip(2, 6)).toBe(true);
  expect(place.take(7)).toBe('got');
});
