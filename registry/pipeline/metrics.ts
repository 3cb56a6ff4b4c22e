import { Counter, Gauge, Histogram, type Registry as PromRegistry } from 'prom-client';

/** What the registry counts; the names are on docs/registration.md. */
export interface RegistryMetrics {
  readonly received: Counter<'via'>;
  readonly taken: Counter<'via' | 'outcome'>;
  readonly refused: Counter<'via' | 'code'>;
  readonly keptAsText: Counter;
  readonly batchSize: Histogram;
  readonly applySeconds: Histogram;
  readonly examineSeconds: Histogram;
  readonly verifySeconds: Histogram;
}

/** Figures that are read when somebody asks. */
export interface RegistryGauges {
  readonly queued: () => number;
  readonly queuedBytes: () => number;
  readonly deadLetters: () => { readonly kept: number; readonly dropped: number };
}

/** Makes the registry's metrics in `registers`. */
export function createRegistryMetrics(registers: PromRegistry, gauges: RegistryGauges): RegistryMetrics {
  const at = { registers: [registers] };
  gauge(registers, 'muster_registry_queue_messages', 'Registrations received and not answered yet', gauges.queued);
  gauge(registers, 'muster_registry_queue_bytes', 'Bytes of registrations not answered yet', gauges.queuedBytes);
  gauge(registers, 'muster_registry_dead_letters', 'Refused messages kept', () => gauges.deadLetters().kept);
  new Counter({
    ...at,
    name: 'muster_registry_dead_letters_dropped_total',
    help: 'Refused messages that made room for others, or came too fast to be kept',
    collect() {
      this.reset();
      this.inc(gauges.deadLetters().dropped);
    },
  });
  return {
    received: new Counter({
      ...at,
      name: 'muster_registrations_received_total',
      help: 'Registrations received',
      labelNames: ['via'],
    }),
    taken: new Counter({
      ...at,
      name: 'muster_registrations_total',
      help: 'Registrations taken, by what they did: inserted, changed, unchanged, duplicate',
      labelNames: ['via', 'outcome'],
    }),
    refused: new Counter({
      ...at,
      name: 'muster_registrations_refused_total',
      help: 'Registrations refused, by error code',
      labelNames: ['via', 'code'],
    }),
    keptAsText: new Counter({
      ...at,
      name: 'muster_registrations_large_numbers_total',
      help: 'Numbers that no double holds, kept as strings',
    }),
    batchSize: new Histogram({
      ...at,
      name: 'muster_registry_batch_size',
      help: 'Registrations applied to the store at once',
      buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    }),
    applySeconds: new Histogram({
      ...at,
      name: 'muster_registry_apply_seconds',
      help: 'Time the store took for a batch, until it was durable',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    }),
    examineSeconds: new Histogram({
      ...at,
      name: 'muster_registry_examine_seconds',
      help: 'Time a batch was at an examining thread, waiting included',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5],
    }),
    verifySeconds: new Histogram({
      ...at,
      name: 'muster_registry_verify_seconds',
      help: 'Time one signature took to verify',
      buckets: [0.000_05, 0.000_1, 0.000_2, 0.000_4, 0.000_8, 0.001_6],
    }),
  };
}

function gauge(registers: PromRegistry, name: string, help: string, read: () => number): void {
  new Gauge({
    registers: [registers],
    name,
    help,
    collect() {
      this.set(read());
    },
  });
}
