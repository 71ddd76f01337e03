// Three rules no linter ships, loaded by .oxlintrc.json. Plain JavaScript: the linter loads it under whatever Node runs it.

const TIMERS = ["setTimeout", "setInterval", "setImmediate"];
const MEMBERS = {
  Date: ["now"],
  Math: ["random"],
  performance: ["now", "timeOrigin"],
  crypto: ["randomUUID", "getRandomValues"],
  process: ["nextTick", "hrtime", "uptime"],
  AbortSignal: ["timeout"],
};
const MODULES = {
  crypto: [
    "randomUUID",
    "randomBytes",
    "randomInt",
    "getRandomValues",
    "randomFill",
    "randomFillSync",
    "generateKey",
    "generateKeySync",
    "webcrypto",
  ],
  perf_hooks: ["performance"],
  timers: TIMERS,
  "timers/promises": true,
  process: ["nextTick", "hrtime", "uptime"],
};
const GLOBALS = new Set(["globalThis", "global"]);
const RUNTIME =
  "the Runtime passed in is the only clock, timer, dice and id here (packages/core/src/driver/runtime.ts)";

const nameOf = (node) => {
  if (node.type === "Identifier") return node.name;
  if (node.type === "Literal" && typeof node.value === "string") return node.value;
  return undefined;
};
const memberName = (node) => (node.computed && node.property.type !== "Literal" ? undefined : nameOf(node.property));
const withoutGlobal = (node) =>
  node.type === "MemberExpression" && node.object.type === "Identifier" && GLOBALS.has(node.object.name)
    ? memberName(node)
    : node.type === "Identifier"
      ? node.name
      : undefined;

/** True where `name` at `node` is the global of that name, not something declared or imported in the file. */
function isGlobal(context, node, name) {
  for (let scope = context.sourceCode.getScope(node); scope; scope = scope.upper) {
    const variable = scope.set.get(name);
    if (variable !== undefined && variable.defs.length > 0) return false;
  }
  return true;
}

const runtime = {
  meta: { type: "problem", docs: { description: "Time, timers, randomness and ids come from the Runtime passed in." } },
  create(context) {
    const refuse = (node, what) => context.report({ node, message: `${what}: ${RUNTIME}` });
    return {
      CallExpression(node) {
        const name = withoutGlobal(node.callee);
        if (name === "Date" && isGlobal(context, node, name)) refuse(node, "Date()");
      },
      NewExpression(node) {
        const name = withoutGlobal(node.callee);
        if (name === "Date" && node.arguments.length === 0 && isGlobal(context, node, name)) refuse(node, "new Date()");
      },
      Identifier(node) {
        if (!TIMERS.includes(node.name) || !isGlobal(context, node, node.name)) return;
        const parent = node.parent;
        if (parent.type === "MemberExpression" && parent.property === node && !parent.computed) return;
        if (parent.type === "Property" && parent.key === node && !parent.computed && !parent.shorthand) return;
        if (/^(TS|MethodDefinition|PropertyDefinition|Import|Export)/.test(parent.type)) return;
        refuse(node, node.name);
      },
      MemberExpression(node) {
        const object = withoutGlobal(node.object);
        const member = memberName(node);
        if (member === undefined) return;
        if (GLOBALS.has(object) && TIMERS.includes(member)) return refuse(node, member);
        if (!Object.hasOwn(MEMBERS, object ?? "") || !MEMBERS[object].includes(member)) return;
        if (node.object.type === "Identifier" && !isGlobal(context, node, object)) return;
        refuse(node, `${object}.${member}`);
      },
      ImportDeclaration(node) {
        const module = node.source.value.replace(/^node:/, "");
        const banned = Object.hasOwn(MODULES, module) ? MODULES[module] : undefined;
        if (banned === undefined || node.importKind === "type") return;
        if (banned === true) return refuse(node, node.source.value);
        for (const part of node.specifiers) {
          const name = part.type === "ImportSpecifier" ? nameOf(part.imported) : undefined;
          if (name === undefined) refuse(part, `all of ${node.source.value}`);
          else if (banned.includes(name) && part.importKind !== "type") refuse(part, `${name} of ${node.source.value}`);
        }
      },
    };
  },
};

/** What each package may import of ours. A package not listed is an adapter: it stands on core alone. */
const ALLOWED = {
  core: [],
  contract: ["core", "inbox"],
  "aws-kit": ["core"],
  sqs: ["core", "aws-kit"],
  sns: ["core", "aws-kit", "sqs"],
  kinesis: ["core", "aws-kit", "leases"],
  amqp: ["core", "leases"],
  encryption: ["core", "aws-kit"],
  "claim-check": ["core", "aws-kit"],
  inbox: ["core"],
  outbox: ["core", "leases"],
  otel: ["core"],
  explore: ["core", "memory"],
  cli: ["core", "otel"],
  create: [],
  memory: ["core", "leases"], // its streams are read by the same engine
  aws: ["core", "sqs", "sns", "kinesis"],
  lambda: ["core", "aws-kit", "sqs", "sns", "kinesis"],
};

const boundaries = {
  meta: {
    type: "problem",
    docs: { description: "Adapters stand on core and not on each other; core stands on none of them." },
  },
  create(context) {
    const found = /packages[\\/]([^\\/]+)[\\/]src[\\/](.*)$/.exec(context.filename);
    if (found === null) return {};
    const [, own, inside] = found;
    const allowed = Object.hasOwn(ALLOWED, own) ? ALLOWED[own] : ["core"];
    const depth = inside.split(/[\\/]/).length;
    const check = (node, source) => {
      if (typeof source?.value !== "string") return;
      const other = /^@switchyard\/([^/]+)/.exec(source.value)?.[1];
      if (other !== undefined && other !== own && !allowed.includes(other)) {
        const may =
          allowed.length === 0 ? "no other package of ours" : allowed.map((name) => `@switchyard/${name}`).join(", ");
        context.report({
          node,
          message: `@switchyard/${own} may not import @switchyard/${other}; it may import ${may}`,
        });
      }
      const ups = source.value.split("/").filter((part) => part === "..").length;
      if (ups >= depth)
        context.report({ node, message: `"${source.value}" leaves the package; import packages by name` });
    };
    const visit = (node) => check(node, node.source);
    return {
      ImportDeclaration: visit,
      ExportNamedDeclaration: visit,
      ExportAllDeclaration: visit,
      ImportExpression: visit,
    };
  },
};

/**
 * The rooms of a package, from the ground floor up: a file may import from its own folder and from those listed before it, types
 * included. A folder that is not listed belongs to the nearest one above it that is; the last, "", is `src` itself, where the
 * entry files are. A file can be a room of its own: an adapter keeps its ground floor in `src`, beside its entry files.
 */
const ROOMS = {
  core: [
    "driver",
    "pipeline",
    "base",
    "runtime",
    "api",
    "wire",
    "content",
    "plan",
    "driver-kit",
    "config/layers",
    "config/load",
    "config/resolve",
    "config",
    "publish/send",
    "publish/queue",
    "publish",
    "consume/lease",
    "consume/attempt",
    "consume/group",
    "consume/push",
    "messaging/dead-letters",
    "messaging",
    "policies",
    "endpoints",
    "testing",
    "",
  ],
  amqp: [
    "limits.ts",
    "endpoint.ts",
    "sdk.ts",
    "options.ts",
    "buckets.ts",
    "names.ts",
    "native.ts",
    "capabilities.ts",
    "errors.ts",
    "message",
    "fast-paths.ts",
    "fast",
    "client",
    "retry",
    "message.ts",
    "topology",
    "resource.ts",
    "publish",
    "receive",
    "stream",
    "",
  ],
};

/** "consume/lease" of ["consume", "lease", "held-message.ts"]. */
function roomOf(rooms, parts) {
  for (let depth = parts.length; depth > 0; depth--) {
    const name = parts.slice(0, depth).join("/");
    if (rooms.includes(name)) return name;
  }
  return "";
}

const labelOf = (room) => (room === "" ? "src/" : room.endsWith(".ts") ? room : `${room}/`);

const rooms = {
  meta: { type: "problem", docs: { description: "Folders of a package import downwards only." } },
  create(context) {
    const found = /packages[\\/]([^\\/]+)[\\/]src[\\/](.*)$/.exec(context.filename);
    if (found === null || !Object.hasOwn(ROOMS, found[1])) return {};
    const known = ROOMS[found[1]];
    const here = found[2].split(/[\\/]/);
    const own = roomOf(known, here);
    const visit = (node) => {
      const source = node.source?.value;
      if (typeof source !== "string" || !source.startsWith(".")) return;
      const target = here.slice(0, -1);
      for (const part of source.split("/")) {
        if (part === "..") target.pop();
        else if (part !== ".") target.push(part);
      }
      const other = roomOf(known, target);
      if (known.indexOf(other) <= known.indexOf(own)) return;
      context.report({
        node,
        message: `${labelOf(own)} may not import from ${labelOf(other)}, which stands above it; move what both need down, or take an interface`,
      });
    };
    return {
      ImportDeclaration: visit,
      ExportNamedDeclaration: visit,
      ExportAllDeclaration: visit,
      ImportExpression: visit,
    };
  },
};

/** See docs/v8.md#functions-in-properties. */
const functions = {
  meta: { type: "problem", docs: { description: "No function is made where it is assigned to a property." } },
  create(context) {
    return {
      AssignmentExpression(node) {
        const { left, right } = node;
        if (left.type !== "MemberExpression") return;
        if (right.type !== "ArrowFunctionExpression" && right.type !== "FunctionExpression") return;
        context.report({
          node,
          message:
            "V8 makes this function in the old generation, where it keeps alive what it refers to; put it into a variable first (docs/v8.md#functions-in-properties)",
        });
      },
    };
  },
};

export default { meta: { name: "switchyard" }, rules: { runtime, boundaries, rooms, functions } };
