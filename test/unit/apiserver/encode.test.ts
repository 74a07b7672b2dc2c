import { expect } from 'chai';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { parse as parseYaml } from 'yaml';
import { type Encodable, encode, encodeText } from '../../../apiserver/encode.js';
import { toStatus } from '../../../apiserver/status.js';
import { type ExternalMetricValueList, toValueList } from '../../../apiserver/value-list.js';
import { Fault, type FaultCode } from '../../../core/fault.js';
import { validRecord } from './records.js';

/** The messages as Kubernetes' own .proto files declare them. */
const root = protobuf.parse(`
  syntax = "proto2";
  message TypeMeta { optional string apiVersion = 1; optional string kind = 2; }
  message Unknown {
    optional TypeMeta typeMeta = 1; optional bytes raw = 2;
    optional string contentEncoding = 3; optional string contentType = 4;
  }
  message ListMeta {
    optional string selfLink = 1; optional string resourceVersion = 2;
    optional string continue = 3; optional int64 remainingItemCount = 4;
  }
  message Time { optional int64 seconds = 1; optional int32 nanos = 2; }
  message Quantity { optional string string = 1; }
  message ExternalMetricValue {
    optional string metricName = 1; map<string, string> metricLabels = 2; optional Time timestamp = 3;
    optional int64 window = 4; optional Quantity value = 5;
  }
  message ExternalMetricValueList { optional ListMeta metadata = 1; repeated ExternalMetricValue items = 2; }
  message StatusCause { optional string reason = 1; optional string message = 2; optional string field = 3; }
  message StatusDetails {
    optional string name = 1; optional string group = 2; optional string kind = 3;
    repeated StatusCause causes = 4; optional int32 retryAfterSeconds = 5; optional string uid = 6;
  }
  message Status {
    optional ListMeta metadata = 1; optional string status = 2; optional string message = 3;
    optional string reason = 4; optional StatusDetails details = 5; optional int32 code = 6;
  }
`).root;

/** Takes the envelope off and reads the object by its declared type; numbers of 64 bits come as texts. */
function decode(bytes: Buffer): Record<string, unknown> {
  expect(bytes.subarray(0, 4).toString('latin1')).to.equal('k8s\0');
  const unknownType = root.lookupType('Unknown');
  const envelope = unknownType.toObject(unknownType.decode(bytes.subarray(4)), {
    bytes: Buffer,
    defaults: true,
  });
  expect(envelope).to.include({ contentEncoding: '', contentType: '' });
  const type = root.lookupType(envelope['typeMeta'].kind);
  const object = type.toObject(type.decode(envelope['raw']), { longs: String, objects: true });
  return { ...envelope['typeMeta'], ...object };
}

/** The object in the shape that its protobuf form has. */
function asDecoded(list: ExternalMetricValueList): object {
  const items = list.items.map((item) => ({
    ...item,
    timestamp: { seconds: String(Date.parse(item.timestamp) / 1000), nanos: 0 },
    value: { string: item.value },
  }));
  return { ...list, items };
}

const list = toValueList(
  validRecord('Queue.Depth', {
    selector: 'app=web,env in (a,b),!x,empty=',
    value: 12.3456,
    observedAtMs: Date.UTC(2026, 10, 21, 6, 40, 9, 999),
  }),
);

describe('apiserver/encode', () => {
  it('writes the list as JSON, the labels being the equalities of the selector', () => {
    expect(encode(list, 'json').toString()).to.equal(
      '{"kind":"ExternalMetricValueList","apiVersion":"external.metrics.k8s.io/v1beta1","metadata":{},"items":[{"metricName":"Queue.Depth","metricLabels":{"app":"web","empty":""},"timestamp":"2026-11-21T06:40:09Z","value":"12346m"}]}\n',
    );
  });

  it('writes the same in every form', () => {
    const json: unknown = JSON.parse(encode(list, 'json').toString());
    expect(JSON.parse(encode(list, 'pretty').toString())).to.deep.equal(json);
    expect(parseYaml(encode(list, 'yaml').toString())).to.deep.equal(json);
    expect(parseYaml(encode(list, 'yaml').toString(), { version: '1.1' })).to.deep.equal(json);
    expect(decode(encode(list, 'protobuf'))).to.deep.equal(asDecoded(list));
  });

  it('indents for people', () =>
    expect(encode(list, 'pretty').toString()).to.match(/^\{\n {2}"kind": "External.*\}\n$/s));

  it('writes labels without any as an empty object, never null', () =>
    expect(encode(toValueList(validRecord('queue')), 'json').toString()).to.include('"metricLabels":{}'));

  it('gives protobuf that reads as the JSON does, for any name, value and time', () => {
    const record = fc.record({
      name: fc.string({ unit: 'grapheme' }),
      value: fc.double({ min: 0, max: 1e15, noNaN: true }),
      observedAtMs: fc.integer({ min: 0, max: 253_402_300_799_999 }),
      label: fc.stringMatching(/^[A-Za-z0-9]{0,63}$/),
    });
    fc.assert(
      fc.property(record, ({ name, value, observedAtMs, label }) => {
        const made = toValueList(validRecord(name, { value, observedAtMs, selector: `a=${label},b=x` }));
        expect(decode(encode(made, 'protobuf'))).to.deep.equal(asDecoded(made));
      }),
    );
  });

  const codes: FaultCode[] = [
    'request.malformed',
    'request.not_found',
    'metric.unavailable',
    'server.internal',
  ];
  for (const code of codes) {
    it(`writes a Status for ${code}`, () => {
      const details = {
        name: 'queue',
        group: 'g',
        kind: 'k',
        causes: [{ reason: 'stale', message: 'old — 90 s' }],
      };
      for (const status of [toStatus(new Fault(code, 'why: é')), toStatus(new Fault(code, 'why'), details)]) {
        const text = encode(status, 'json').toString();
        expect(text).to.not.match(/retryAfter/);
        expect(JSON.parse(text)).to.deep.equal(status);
        expect(decode(encode(status, 'protobuf'))).to.deep.equal(status);
      }
    });
  }

  it('takes the Status’s code and reason from the table of faults', () => {
    const status: Encodable = toStatus(new Fault('request.not_found', 'no'));
    expect(status).to.deep.equal({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'no',
      reason: 'NotFound',
      code: 404,
    });
  });

  it('quotes in YAML what an older reader would take for something else', () =>
    expect(encodeText({ at: '2026-11-21T06:40:09Z', on: 'yes', n: '0' }, 'yaml').toString()).to.match(
      /^"?at"?: "2026-11-21T06:40:09Z"\n"?on"?: "yes"\n"?n"?: "0"\n$/,
    ));
});
