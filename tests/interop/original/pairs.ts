/** One of our programs and a stand-in for the original as its peer, over the original's wire. */
import { assert, assertEquals } from "../../support/assert.ts";
import { jsonLines } from "../../support/followed_process.ts";
import { outcomesOf, Site } from "../../support/site.ts";
import { type PythonDialect, PythonNode, runPythonVault } from "./python_programs.ts";

/** What became of the files in one session, as either side tells it. */
export interface PairDelivery {
  /** What ours says of each file that it does not call unchanged. */
  readonly ours: Readonly<Record<string, string>>;
  /** What the vault answered, as the stand-in says. */
  readonly theirs: Readonly<Record<string, string>>;
  /** What ours has written to its log so far. */
  readonly log: string;
}

/** The vault and the node of a pair, ready to deliver. */
export interface Pair extends AsyncDisposable {
  /** The folders. */
  readonly site: Site;
  /** The folder of the vault. */
  readonly vault: string;
  /** The folder of the node. */
  readonly node: string;
  /** Runs one session, which has to be complete. */
  deliver(): Promise<PairDelivery>;
}

/** A kind of pair. */
export interface PairKind {
  /** Who is on either side. */
  readonly label: string;
  /** Which of the two is ours. */
  readonly ours: "keeper" | "agent";
  /** What the vault answers about a file that is what it should be. */
  readonly same: "Match" | "Success";
  /** Starts the pair; the node asks for the files that are named. */
  open(files: readonly string[]): Promise<Pair>;
}

/** Our keeper and a Python node. */
export function keeperPair(dialect: PythonDialect): PairKind {
  return {
    label: `keeper and ${dialect} node`,
    ours: "keeper",
    same: "Match",
    async open(files) {
      const site = await Site.open();
      const [vault, folder] = [site.path("vault"), site.path("node")];
      const node = await PythonNode.start({ folder, files, dialect });
      return {
        site,
        vault,
        node: folder,
        async deliver() {
          const args = ["--wire", "original"];
          const run = await site.deliver({ agents: [node.address], args });
          const { error, files: theirs } = await node.nextSession();
          assertEquals(error, null, run.stderr);
          const report = run.agents.get(node.address);
          assertEquals([report?.wire, report?.outcome], ["original", "delivered"], run.stderr);
          return { ours: outcomesOf(report), theirs, log: run.stderr };
        },
        async [Symbol.asyncDispose]() {
          await node[Symbol.asyncDispose]();
          await site[Symbol.asyncDispose]();
        },
      };
    },
  };
}

/** Our agent and a Python vault. */
export function agentPair(dialect: PythonDialect): PairKind {
  return {
    label: `agent and ${dialect} vault`,
    ours: "agent",
    // Our agent asks for the contents of small files in any case.
    same: "Success",
    async open(files) {
      const site = await Site.open();
      const vault = site.path("vault");
      const { program, address, files: folder } = await site.startAgent({
        args: ["--original-wire", "127.0.0.1", "--files", files.join(",")],
      });
      let told = 0;
      return {
        site,
        vault,
        node: folder,
        async deliver() {
          const run = await runPythonVault({ folder: vault, nodes: [address], dialect });
          const [session] = run.sessions;
          assertEquals([run.code, session?.error], [0, null], run.stderr + program.stderr);
          const deliveries = () =>
            jsonLines(program.stdout).filter(({ event }) => event === "delivery");
          await program.waitForJson(() => deliveries().length > told);
          const report = deliveries()[told++];
          assert(report !== undefined && session !== undefined);
          assertEquals([report["wire"], report["complete"]], ["original", true]);
          return { ours: outcomesOf(report), theirs: session.files, log: program.stderr };
        },
        [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
      };
    },
  };
}
