/**
 * The one table of what REST answers: OpenAPI, the reference page and the checks of every exchange are made
 * from it. Must never hold a row that no service serves; a spec walks the routes.
 */
import { documentOperations } from './operations-documents.js';
import { messageOperations } from './operations-messages.js';
import type { Operation } from './operations-shape.js';
import { tokenOperations } from './operations-tokens.js';
import { topicOperations } from './operations-topics.js';
import { userOperations } from './operations-users.js';

/** In the order of the documents. */
export const operations: readonly Operation[] = [
  ...messageOperations,
  ...topicOperations,
  ...userOperations,
  ...tokenOperations,
  ...documentOperations,
];
