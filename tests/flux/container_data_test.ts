import fc from "fast-check";
import {
  type ContainerMount,
  isReplicatedPath,
  readContainerMounts,
} from "../../flux/container_data.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";

/** Writes the mounts of each component as text, a `*` behind those that are replicated. */
function read(...containerData: readonly unknown[]): string[] {
  return readContainerMounts(containerData).map((mounts) =>
    mounts.map(({ path, isReplicated }) => path + (isReplicated ? "*" : "")).join(" ")
  );
}

function readOne(containerData: unknown): string | undefined {
  return read(containerData)[0];
}

Deno.test("readContainerMounts reads a primary part with and without flags", () => {
  assertEquals(readOne("/data"), "/data");
  for (const flags of ["r", "g", "s", "rg", "gs", "rgs", "rr"]) {
    assertEquals(readOne(`${flags}:/data`), "/data*");
  }
  assertEquals(readOne(":/data"), "/data");
});

Deno.test("readContainerMounts takes letters in a path for no flags", () => {
  assertEquals(readOne("/rgs"), "/rgs");
  assertEquals(readOne("/srv|m:r:/g"), "/srv /g");
});

Deno.test("readContainerMounts lets a flag hold for all that is the component's own", () => {
  const further = "m:logs:/var/log|f:app.conf:/etc/app.conf";
  assertEquals(readOne(`/data|${further}`), "/data /var/log /etc/app.conf");
  for (const flag of ["r", "g", "s"]) {
    assertEquals(readOne(`${flag}:/data|${further}`), "/data* /var/log* /etc/app.conf*");
  }
});

Deno.test("readContainerMounts lets a local folder out of that", () => {
  assertEquals(readOne("r:/data|ml:cache:/cache|m:logs:/logs"), "/data* /cache /logs*");
  assertEquals(readOne("/data|ml:cache:/cache"), "/data /cache");
});

Deno.test("readContainerMounts takes what is another component's as that one has it", () => {
  const others = "0:/a|c:0:logs:/b|cf:0:app.conf:/c";
  const flagged = "s:/data|m:logs:/logs|f:app.conf:/app.conf";
  assertEquals(read(flagged, `/own|${others}`)[1], "/own /a* /b* /c*");
  assertEquals(read("/data", `/own|${others}`)[1], "/own /a /b /c");
  assertEquals(read("/data", `r:/own|${others}`)[1], "/own* /a /b /c");
});

Deno.test("readContainerMounts finds the component with an index, whichever it is", () => {
  const data = ["/a", "r:/b", "/c|0:/from/a|1:/from/b|c:3:x:/from/d", "g:/d|m:x:/x"];
  assertEquals(read(...data)[2], "/c /from/a /from/b* /from/d*");
});

Deno.test("readContainerMounts lets a local folder of another component out too", () => {
  const flagged = "r:/data|ml:cache:/cache|m:logs:/logs";
  assertEquals(read(flagged, "/own|c:0:cache:/a|c:0:logs:/b|0:/c")[1], "/own /a /b* /c*");
});

Deno.test("readContainerMounts leaves out what refers to no component", () => {
  for (const part of ["2:/a", "99:/a", "999:/a", "c:2:x:/a", "cf:2:x:/a"]) {
    assertEquals(read("r:/data", `/own|${part}`)[1], "/own", part);
  }
  assertEquals(read(null, "/own|0:/a")[1], "/own");
  assertEquals(read("no path", "/own|0:/a")[1], "/own");
});

Deno.test("readContainerMounts lets the only component of an old app refer to itself", () => {
  assertEquals(readOne("r:/data|0:/again"), "/data* /again*");
});

Deno.test("readContainerMounts has no mounts without a sound primary part", () => {
  const bad = [undefined, null, 7, {}, ["/data"], "", "|", "data", "r:", "r:data", "x:/data"];
  const worse = ["rx:/data", "R:/data", "r :/data", "r:/data:ro", "r:r:/data", "logs:/data"];
  const paths = ["/../data", "r:/data/..", "/a/../b", "r:/da\0ta", "|m:logs:/logs", "m:logs:/logs"];
  for (const data of [...bad, ...worse, ...paths]) assertEquals(readOne(data), "", String(data));
});

Deno.test("readContainerMounts leaves out a further part that makes no sense, and keeps the rest", () => {
  const bad = ["", "/x", "r:/x", "m:/x", "m::/x", "m:a:x", "m:a:b:/x", "m:a/b:/x", "m:a:/../x"];
  const worse = ["f:/x", "x:a:/x", "c:a:/x", "c:a:b:/x", "c:0:/x", "c::a:/x", "cf:0:a:x", "M:a:/x"];
  const numbers = ["-1:/x", "0x0:/x", "1.5:/x", "0:x", "0:", "0:a:/x", "1000:/x", "c:1000:a:/x"];
  for (const part of [...bad, ...worse, ...numbers]) {
    assertEquals(readOne(`r:/data|${part}|m:logs:/logs`), "/data* /logs*", part);
  }
});

Deno.test("readContainerMounts writes a path in one way", () => {
  assertEquals(readOne("r:/data/|m:a://var///log/.|m:b:/./x/./y"), "/data* /var/log* /x/y*");
  assertEquals(readOne("r:/"), "/*");
  assertEquals(readOne("/..data/a..b/..."), "/..data/a..b/...");
});

Deno.test("readContainerMounts answers for each component, also for one without data", () => {
  assertEquals(readContainerMounts([]), []);
  assertEquals(read(undefined, "/data", 7), ["", "/data", ""]);
});

const NESTED: readonly ContainerMount[] = [
  { path: "/data", isReplicated: true },
  { path: "/data/local", isReplicated: false },
  { path: "/data/local/deep", isReplicated: true },
  { path: "/srv", isReplicated: false },
];

Deno.test("isReplicatedPath finds the mount that is nearest, in whatever order they are", () => {
  for (const mounts of [NESTED, NESTED.toReversed()]) {
    for (const path of ["/data", "/data/", "/data/x", "/data/locality", "/data/local/deep/x"]) {
      assertEquals(isReplicatedPath(mounts, path), true, path);
    }
    for (const path of ["/data/local", "/data/local/x", "/srv/x", "/data/local/deeper"]) {
      assertEquals(isReplicatedPath(mounts, path), false, path);
    }
  }
});

Deno.test("isReplicatedPath takes no path for a volume that only starts alike, or lies above", () => {
  for (const path of ["/", "/database", "/dat", "/dataX/local", "/var/data", "/Data"]) {
    assertEquals(isReplicatedPath(NESTED, path), false, path);
  }
  assertEquals(isReplicatedPath([], "/data"), false);
});

Deno.test("isReplicatedPath takes everything as replicated that is below a root that is", () => {
  const mounts = [{ path: "/", isReplicated: true }];
  for (const path of ["/", "/x", "/x/y"]) assertEquals(isReplicatedPath(mounts, path), true);
});

Deno.test("isReplicatedPath believes the worse of two mounts at one path", () => {
  const mounts = [{ path: "/a", isReplicated: false }, { path: "/a", isReplicated: true }];
  assertEquals(isReplicatedPath(mounts, "/a/x"), true);
  assertEquals(isReplicatedPath(mounts.toReversed(), "/a/x"), true);
});

Deno.test("isReplicatedPath sees through another way to write a path", () => {
  for (const path of ["//data//x", "/./data", "/data/./local/deep/."]) {
    assertEquals(isReplicatedPath(NESTED, path), true, path);
  }
});

Deno.test("isReplicatedPath refuses a path of which it cannot tell where it leads", () => {
  for (const path of ["", "data", "./data", "/srv/../data", "..", "C:\\data", "/da\0ta"]) {
    assertThrows(() => isReplicatedPath(NESTED, path), TypeError);
  }
});

Deno.test("readContainerMounts gives mounts that isReplicatedPath can use, for any data", () => {
  const name = fc.constantFrom("a", "b", "..", "a/b", "");
  const path = fc.constantFrom("/", "/a", "/a/b", "//a/", "/../a", "a", "/a:b");
  const prefix = fc.constantFrom("", "r:", "gs:", "m:", "ml:", "f:", "c:", "cf:", "0:", "1:", "9:");
  const part = fc.tuple(
    prefix,
    fc.constantFrom("", "0:", "1:"),
    fc.constantFrom("", ":"),
    name,
    path,
  )
    .map(([prefix, index, colon, name, path]) =>
      `${prefix}${index}${colon && name + colon}${path}`
    );
  const data = fc.oneof(
    fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("|")),
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.jsonValue(),
  );
  fc.assert(fc.property(fc.array(data, { maxLength: 3 }), (containerData) => {
    const components = readContainerMounts(containerData);
    assertEquals(components.length, containerData.length);
    for (const mounts of components) {
      for (const mount of mounts) {
        const isAnyAtPath = mounts.some((m) => m.path === mount.path && m.isReplicated);
        assertEquals(isReplicatedPath(mounts, mount.path), isAnyAtPath);
        assertEquals(isReplicatedPath([mount], `${mount.path}/x`), mount.isReplicated);
        assert(mount.path === "/" || /^(?:\/[^/:]+)+$/.test(mount.path), mount.path);
      }
    }
  }));
});
