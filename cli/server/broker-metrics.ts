import { Counter, Gauge, type Registry as PromRegistry } from 'prom-client';
import type { BrokerMetrics } from '../../wire/index.ts';

/** The embedded broker's counts among the metrics of this process. */
export function brokerMetrics(registry: PromRegistry): BrokerMetrics {
  const registers = [registry];
  const connections = new Gauge({ name: 'muster_broker_connections', help: 'Open connections', registers });
  const counter = <L extends string>(name: string, help: string, label: L) =>
    new Counter({ name: `muster_broker_${name}_total`, help, labelNames: [label], registers });
  const received = counter('frames_received', 'Frames received, by command', 'command');
  const sent = counter('frames_sent', 'Frames sent, by command', 'command');
  const refused = counter('refused', 'Logins, frames and connections refused, by code', 'code');
  const dropped = counter('dropped', 'Messages that went nowhere, by reason', 'reason');
  return {
    connectionOpened: () => connections.inc(),
    connectionClosed: () => connections.dec(),
    frameReceived: (command) => received.inc({ command }),
    frameSent: (command) => sent.inc({ command }),
    refused: (code) => refused.inc({ code }),
    dropped: (reason) => dropped.inc({ reason }),
  };
}
