export { PushModule } from './push.module.js';
export { PushWsAdapter } from './socket/push-ws-adapter.js';
