import { expect } from 'chai';
import { checkUsedApis, pruneModels } from '../../../scripts/datadog-models.js';

const serializer = `
const Answer_1 = require("./Answer");
const Dashboard_1 = require("./Dashboard");
const Point_1 = require("./Point");
const Text_1 = require("./Text");
const util_1 = require("../util");
const typeMap = {
    Answer: Answer_1.Answer,
    Dashboard: Dashboard_1.Dashboard,
    Point: Point_1.Point,
    Text: Text_1.Text,
};
const oneOfMap = {
    Item: ["Point", "Text"],
};
class ObjectSerializer {
}
`;

/** An operation answers with an `Answer`, which holds a list of items, which are points or texts. */
function read(path: string): string {
  if (path.startsWith('apis/')) return 'ObjectSerializer.deserialize(body, "Answer")';
  return path === 'models/Answer.js' ? 'items: { type: "Array<Item>" }' : '';
}

describe('the models of the Datadog SDK in the bundle', () => {
  it('are those that its operations come upon, by whatever way', () => {
    const pruned = pruneModels(serializer, read);
    expect(pruned.match(/require\("[^"]+"\)/g)).to.deep.equal([
      'require("./Answer")',
      'require("./Point")',
      'require("./Text")',
      'require("../util")',
    ]);
    expect(pruned).to.not.include('Dashboard');
    expect(pruned).to.include('Text: Text_1.Text');
  });

  it('are never none: an SDK that is written otherwise fails the build', () => {
    expect(() => pruneModels('class ObjectSerializer {}', read)).to.throw('is not as it was');
  });

  it('were looked for in all operations that are bundled', () => {
    const bundled = ['AuthenticationApi', 'EventsApi', 'MetricsApi', 'ServiceChecksApi'].map(
      (name) => `node_modules/packages/datadog-api-client-v1/apis/${name}.js`,
    );
    expect(() => checkUsedApis(bundled)).to.not.throw();
    expect(() =>
      checkUsedApis([...bundled, bundled[0]?.replace('Authentication', 'Monitors') ?? '']),
    ).to.throw('MonitorsApi');
  });
});
