/**
 * Logs: one line of JSON an event (or a coloured one for people), a constant message with its data apart. Errors are written with their
 * causes; members that could hold a secret are never written.
 */
import { createRequire } from 'node:module';
import pino from 'pino';

export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];
export type LogFormat = 'json' | 'pretty';

type Write = (data: Readonly<Record<string, unknown>>, message: string) => void;

/** What the parts of the daemon log to. error = broken, warn = may break, info = rare changes of state, debug = the rest. */
export interface Logger {
  readonly error: Write;
  readonly warn: Write;
  readonly info: Write;
  readonly debug: Write;
}

export interface LogSettings {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Where lines go; standard error when not given, so that standard output stays free for answers. */
  readonly destination?: { write(line: string): void };
}

const secretNames = ['secretKey', 'password', 'token', 'authorization', 'privateKey'];

/** Opens a log. Lines are written at once: what a crashing process logged last is there. */
export function openLog({ level, format, destination }: LogSettings): Logger {
  const target = destination ?? pino.destination({ dest: 2, sync: true });
  const stream = format === 'pretty' ? prettyStream(target) : target;
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: pino.stdSerializers.errWithCause },
    redact: { paths: secretNames.flatMap(name => [name, `*.${name}`]), censor: '[secret]' },
  };
  const log = pino(options, stream);
  return {
    error: (data, message) => log.error(data, message),
    warn: (data, message) => log.warn(data, message),
    info: (data, message) => log.info(data, message),
    debug: (data, message) => log.debug(data, message),
  };
}

/** What makes lines pretty is loaded by a daemon that writes such. */
function prettyStream(target: NonNullable<LogSettings['destination']>): NonNullable<LogSettings['destination']> {
  const { prettyFactory }: typeof import('pino-pretty') = createRequire(import.meta.url)('pino-pretty');
  const pretty = prettyFactory({ translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid,hostname' });
  return { write: line => target.write(pretty(line)) };
}
