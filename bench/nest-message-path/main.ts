import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  EventPattern,
  Server,
  type CustomTransportStrategy,
  type MessageHandler,
} from '@nestjs/microservices';
import { done, type Outcome } from '#bus';

/**
 * What Nest's message path costs: the same handler called through the function
 * that Nest gives to a transport, and directly. docs/adr/0001 decides by it.
 */
const CALLS = 200_000;
const ROUNDS = 5;

@Controller()
class Handler {
  @EventPattern('messages')
  handle(_message: object): Promise<Outcome> {
    return Promise.resolve(done);
  }
}

@Module({ controllers: [Handler] })
class App {}

class Capture extends Server implements CustomTransportStrategy {
  listen(started: () => void): void {
    started();
  }
  close(): void {}
  on(): void {}
  unwrap<T>(): T {
    return undefined as T;
  }
}

async function cpuMicroseconds(call: (message: object) => Promise<unknown>): Promise<number> {
  const message = {};
  const before = process.cpuUsage();
  for (let i = 0; i < CALLS; i++) await call(message);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / CALLS;
}

const strategy = new Capture();
const app = await NestFactory.createMicroservice(App, { strategy, logger: false });
await app.init();
await app.listen();
const throughNest = [...strategy.getHandlers().values()][0] as MessageHandler<object, unknown, Outcome>;
const direct = app.get(Handler);

const rounds = { nest: [] as number[], direct: [] as number[] };
for (let round = 0; round <= ROUNDS; round++) {
  const nest = await cpuMicroseconds((message) => throughNest(message, undefined));
  const plain = await cpuMicroseconds((message) => direct.handle(message));
  if (round === 0) continue; // warms up
  rounds.nest.push(nest);
  rounds.direct.push(plain);
}
const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]?.toFixed(2);
console.log(
  JSON.stringify({ cpu_us_per_message: { nest: median(rounds.nest), direct: median(rounds.direct) } }),
);
await app.close();
