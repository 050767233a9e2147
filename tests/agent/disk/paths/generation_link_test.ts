import {
  formerName,
  generationName,
  generationOf,
  isGenerationName,
  isLinkName,
  linkName,
  nameBefore,
} from "../../../../agent/disk/paths/generation_link.ts";
import { findPathFault } from "../../../../protocol/secret_path.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { temporaryFolder } from "../../../support/temporary_folder.ts";

Deno.test("generationName and linkName make names that are told apart, and no path has", () => {
  const names = [generationName(), generationName(), linkName(), linkName()];
  assertEquals(names.map(isGenerationName), [true, true, false, false]);
  assertEquals(names.map(isLinkName), [false, false, true, true]);
  assertEquals(new Set(names).size, 4);
  for (const name of [...names, formerName("a") ?? ""]) assert(findPathFault(name) !== null);
});

Deno.test("nameBefore undoes formerName, whatever the name is", () => {
  for (const name of ["tls", "caf\u00e9", "a.b", ".hidden", "n".repeat(237)]) {
    assertEquals(nameBefore(formerName(name) ?? ""), name);
  }
  assertEquals(formerName("n".repeat(238)), null);
  assertEquals(formerName("\u00e9".repeat(119)), null, "it is counted in bytes");
  assertEquals(nameBefore("tls"), null);
});

Deno.test("generationOf follows a link to a generation beside it, and no other", {
  ignore: Deno.build.os === "windows",
}, async () => {
  await using folder = await temporaryFolder();
  const name = generationName();
  const links = {
    good: name,
    deep: `deep/${name}`,
    above: `../${name}`,
    absolute: `${folder.path}/${name}`,
    dotted: `./${name}`,
    other: ".fluxvault-stage-1",
    short: ".fluxvault-generation-1",
  };
  for (const [link, target] of Object.entries(links)) {
    await Deno.symlink(target, `${folder.path}/${link}`);
  }
  await Deno.mkdir(`${folder.path}/folder`);
  assertEquals(generationOf(`${folder.path}/good`), `${folder.path}/${name}`);
  for (const link of [...Object.keys(links).slice(1), "folder", "missing"]) {
    assertEquals(generationOf(`${folder.path}/${link}`), null, link);
  }
});
