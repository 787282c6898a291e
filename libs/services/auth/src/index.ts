/** Auth for apps: the module, and what makes API keys. */
export { adminKeyId, defaultTenant } from './admin-key.js';
export { ApiKeyTaken, createApiKey, ensureApiKey, type KeyMaking, type KeyOwner } from './api-key.js';
export { AuthModule, type AuthOptions } from './auth.module.js';
