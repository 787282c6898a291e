/** Dispatch: brings doorbells from Collect to the nodes that hold their users. */
export { DispatchModule } from './dispatch.module.js';
