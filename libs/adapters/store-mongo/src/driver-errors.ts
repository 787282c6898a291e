/** What the driver's errors mean to the ports. Decides by class and code, never by text. */

import { PortUnavailable } from '@carillon/domain/ports';
import mongoose, { mongo } from 'mongoose';

/** A unique index refused the row. */
export const duplicateCode = 11000;

/** The driver lets the socket's own error through when a large write meets a connection that has ended. */
const socketCodes: ReadonlySet<unknown> = new Set([
  ...['EPIPE', 'ECONNRESET', 'ECONNABORTED', 'ECONNREFUSED', 'ENOTCONN', 'ETIMEDOUT'],
  ...['ERR_SOCKET_CLOSED', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END'],
]);

/**
 * The port's error for one of the driver's or its sockets', which becomes its cause;
 * anything else is a fault of ours and stays as it is.
 */
export function portError(error: unknown): unknown {
  if (error instanceof mongo.MongoError || error instanceof mongoose.MongooseError || isSocketError(error)) {
    return new PortUnavailable('MongoDB did not do what was asked', { cause: error });
  }
  return error;
}

function isSocketError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && socketCodes.has(error.code);
}

/** Whether a single write failed because its key is there already, and for no other reason. */
export function isDuplicate(error: unknown): boolean {
  return error instanceof mongo.MongoServerError && error.code === duplicateCode;
}
