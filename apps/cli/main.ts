#!/usr/bin/env node
import 'reflect-metadata';
import { runCli } from './run.js';

process.exitCode = await runCli(process.argv.slice(2), {
  line: (text) => process.stdout.write(`${text}\n`),
  fault: (text) => process.stderr.write(`${text}\n`),
});
