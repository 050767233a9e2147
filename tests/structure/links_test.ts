/**
 * Rule: every relative link of a page leads to a file of the project, and a link to a section leads to
 * a heading of that page.
 *
 * @module
 */
import { posix } from "node:path";
import { assertEquals } from "../support/assert.ts";
import { type FileMap, readProjectFiles } from "./project_files.ts";

/** Drops code, in which brackets are not links. */
function proseOf(page: string): string {
  return page.replace(/^(`{3,}|~{3,})[\s\S]*?^\1/gm, "").replace(/`[^`\n]*`/g, "");
}

function linksOf(page: string): string[] {
  const prose = proseOf(page);
  const inline = [...prose.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
  const references = [...prose.matchAll(/^\s*\[[^\]]+\]:\s*(\S+)/gm)];
  return [...inline, ...references].map(([, target]) => target ?? "");
}

/** The names by which a page's headings are linked: lower case, hyphens for spaces. */
function sectionsOf(page: string): Set<string> {
  const sections = new Set<string>();
  const body = page.replace(/^(`{3,}|~{3,})[\s\S]*?^\1/gm, "");
  for (const [, heading = ""] of body.matchAll(/^#{1,6}\s+(.*?)\s*$/gm)) {
    const name = heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s/g, "-");
    let unique = name;
    for (let i = 1; sections.has(unique); i++) unique = `${name}-${i}`;
    sections.add(unique);
  }
  return sections;
}

function findViolations(files: FileMap): string[] {
  const paths = [...files.keys()];
  const violations: string[] = [];
  for (const [path, page] of files) {
    if (!path.endsWith(".md")) continue;
    for (const link of linksOf(page)) {
      if (/^[a-z][a-z0-9+.-]*:/i.test(link)) continue;
      const [file = "", section] = link.split("#");
      const target = file === "" ? path : posix.normalize(posix.join(posix.dirname(path), file));
      const isThere = files.has(target) ||
        paths.some((other) => other.startsWith(target.replace(/\/?$/, "/")));
      if (!isThere) violations.push(`${path}: ${link} leads nowhere`);
      else if (section !== undefined && !sectionsOf(files.get(target) ?? "").has(section)) {
        violations.push(`${path}: ${link} names no heading`);
      }
    }
  }
  return violations;
}

Deno.test("links: lead somewhere in every page of this project", async () => {
  assertEquals(findViolations(await readProjectFiles()), []);
});

Deno.test("links: accepts files, folders, sections, other sites and code", () => {
  const files = new Map([
    ["README.md", "[a](agent/README.md#2-how-it-works) [b](agent/) [c](https://example.org/x)"],
    [
      "agent/README.md",
      "# Agent\n## 2. How it *works*\n[up](../README.md) `[no](x.md)` [me](#agent)",
    ],
    ["agent/agent.ts", ""],
  ]);
  assertEquals(findViolations(files), []);
});

Deno.test("links: finds a missing file, a missing heading and a missing reference", () => {
  const files = new Map([
    ["README.md", "# One\n```md\n# Two\n```\n[a](agent/GONE.md) [b](#two) [c]\n\n[c]: ./none.md\n"],
  ]);
  assertEquals(findViolations(files), [
    "README.md: agent/GONE.md leads nowhere",
    "README.md: #two names no heading",
    "README.md: ./none.md leads nowhere",
  ]);
});
