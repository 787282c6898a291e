// Rules of the house that oxlint does not have, as a plugin for it: one home per driver, room for
// constructors, no enums, no `export *`. A rule reports what it sees in one file and must never read another.
import { relative, sep } from 'node:path';

const paramsMax = 3;
const constructorParamsMax = 6;

export const meta = { name: 'house' };

export const rules = {
  /**
   * Options: `{ "ws": ["libs/services/push/src/socket/"] }`, the only folders that may import the package.
   */
  'import-home': {
    meta: {
      schema: [{ type: 'object', additionalProperties: { type: 'array', items: { type: 'string' } } }],
    },
    create(context) {
      const homes = context.options[0] ?? {};
      const file = relative(context.cwd, context.filename).split(sep).join('/');
      const check = (source) => {
        const name = Object.keys(homes).find(
          (each) => source?.value === each || source?.value?.startsWith?.(`${each}/`),
        );
        if (name === undefined || homes[name].some((home) => file.startsWith(home))) return;
        context.report({
          node: source,
          message: `"${name}" may be imported only in ${homes[name].join(', ')}`,
        });
      };
      return {
        ImportDeclaration: (node) => check(node.source),
        ImportExpression: (node) => check(node.source),
        ExportNamedDeclaration: (node) => check(node.source),
        ExportAllDeclaration: (node) => check(node.source),
        CallExpression: (node) => node.callee.name === 'require' && check(node.arguments[0]),
      };
    },
  },
  /**
   * A constructor lists dependencies and may have more parameters than a function,
   * whose callers must read them.
   */
  'max-params': {
    create(context) {
      const check = (node) => {
        const isConstructor = node.parent?.kind === 'constructor';
        const max = isConstructor ? constructorParamsMax : paramsMax;
        const count = node.params.filter((param) => param.name !== 'this').length;
        if (count <= max) return;
        const what = isConstructor ? 'constructor' : 'function';
        const remedy = isConstructor ? 'split the class' : 'take an options object';
        context.report({
          node,
          message: `This ${what} has ${count} parameters, ${max} are allowed: ${remedy}`,
        });
      };
      return {
        FunctionDeclaration: check,
        FunctionExpression: check,
        ArrowFunctionExpression: check,
        TSDeclareFunction: check,
        TSEmptyBodyFunctionExpression: check,
        TSMethodSignature: check,
      };
    },
  },
  'no-enum': {
    create(context) {
      return {
        TSEnumDeclaration: (node) =>
          context.report({
            node,
            message: 'An enum is not allowed: use a union of literals or a const table',
          }),
      };
    },
  },
  'no-export-all': {
    create(context) {
      return {
        ExportAllDeclaration: (node) =>
          context.report({ node, message: '"export *" is not allowed: list the names that are public' }),
      };
    },
  },
};

export default { meta, rules };
