import type { FastifyInstance } from 'fastify';

/** Says with every answer which request it answers: lines of the log about it name the same id. */
export function nameRequests(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('request-id', request.id);
    done();
  });
}
