/** What the network says about itself, and how libp2p is kept quiet. */
import type { ComponentLogger, Logger } from '@libp2p/interface';

/** Where the network's log goes; a pino logger fits. The data never holds keys or payloads. */
export interface NetworkLog {
  debug(data: object, message: string): void;
  info(data: object, message: string): void;
  warn(data: object, message: string): void;
}

/** libp2p logs payloads, and to stderr whenever DEBUG is set; nothing of that is wanted, and formatting it costs time. */
export const silentLogger: ComponentLogger = { forComponent: () => silent };

const silent: Logger = Object.assign(() => {}, {
  error: () => {},
  trace: () => {},
  enabled: false,
  newScope: () => silent,
});
