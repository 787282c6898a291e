/** What Nest hands to Auth's classes besides the ports, by symbol because these are no classes. */
export const authConfig = Symbol('auth config');
export const authLog = Symbol('auth log');
export const firstStartTask = Symbol('first start task');
