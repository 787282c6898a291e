/** Push for apps: the module, and the adapter that must be used with it. */
export { PushModule } from './push.module.js';
export { PushWsAdapter } from './socket/push-ws-adapter.js';
