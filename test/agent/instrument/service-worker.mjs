// tsx does not reach the worker threads of Node 20 by itself.
import { register } from 'tsx/esm/api';

register();
await import('./service.ts');
