/** `@carillon/client`: the browser SDK. Must import nothing but wire. */
export type { CarillonEvents, CarillonOptions, ListenOptions, Message } from './carillon.js';
export { Carillon } from './carillon.js';
export type { ConnectionState, TokenSource } from './connector.js';
export type { CursorStorage, CursorStore, LocalCursorsOptions } from './cursor-store.js';
export { localCursors } from './cursor-store.js';
export type { Gap, Job, Move, Outcome, SavedPositions } from './session-core.js';
export { SessionCore } from './session-core.js';
export type { Socket, SocketConstructor, Surroundings } from './surroundings.js';
