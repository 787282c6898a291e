// The least that can take a POST with JSON in Node: node:http, JSON.parse and an answer. Run: node
// post-floor.ts PORT
import { postServer } from './http.ts';

postServer(() => undefined).listen(Number(process.argv[2]), '127.0.0.1', 4_096);
