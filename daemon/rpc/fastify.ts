/**
 * The door to the HTTP server: what this program uses of its packages at run time, in one compiled file
 * (docs/decisions/0021-packages-in-one-file.md). Types are imported from the packages.
 */
export { default as helmet } from '@fastify/helmet';
export { default as websocket } from '@fastify/websocket';
export { default as fastify } from 'fastify';
