import type { FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import type { Caller, Clock, Identity, Logger, NodeDocument, TokenVerifier } from '../../../core/index.ts';
import { codeKeys, silentLogger } from '../../../core/index.ts';
import { buildService, type ServiceParts } from '../../../query/service/index.ts';
import { node as fleetNode } from '../../data/fleet.mjs';
import { engineDouble } from './engine-double.ts';

export const NOW = 1_789_000_000;
export const clock: Clock = { nowMs: () => NOW * 1000 };

export const TOKENS: Readonly<Record<string, Caller>> = {
  'read-token': { role: 'read', callerid: 'token=reader' },
  'register-token': { role: 'register', callerid: 'token=web', identityPattern: 'web*' },
  'admin-token': { role: 'admin', callerid: 'token=admin' },
};

export const tokens: TokenVerifier = { verify: async (token) => TOKENS[token] };

export const config = (http: Partial<ServiceParts['config']['http']> = {}) => ({
  http: { listen: '127.0.0.1:0', hosts: ['muster.example.net'], bodyTimeout: '30s', ...http },
});

export function documentOf(i: number, over: Partial<NodeDocument> = {}): NodeDocument {
  const sent = fleetNode(i);
  return {
    _id: String(i),
    format: 1,
    identity: sent.identity as Identity,
    fqdn: sent.identity,
    facts: codeKeys(sent.facts) as NodeDocument['facts'],
    classes: sent.classes,
    agentlist: sent.agentlist,
    collectives: sent.collectives,
    lastseen: (NOW - 60) as never,
    firstseen: (NOW - 600) as never,
    changed: (NOW - 300) as never,
    revision: i + 1,
    digest: 'd',
    interval: 300,
    source: { via: 'http', callerid: 'token=admin', proof: 'token', serializer: 'json' },
    extra: {},
    ...over,
  };
}

export async function testService(over: Partial<ServiceParts> = {}): Promise<FastifyInstance> {
  return buildService({
    engine: engineDouble(
      Array.from({ length: 300 }, (_, i) => documentOf(i)),
      NOW,
    ),
    tokens,
    config: config(),
    logger: silentLogger() as Logger,
    metrics: new Registry(),
    clock,
    ...over,
  });
}
