import { assertEquals, assertMatch } from "../support/assert.ts";
import { Container, ContainerHost } from "../support/container_host.ts";
import { carriersOfSuite, imageName } from "../support/container_images.ts";
import { ContainerNetwork } from "../support/container_network.ts";
import { NOBODY } from "../support/contained_keeper.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { fileURLToPath } from "node:url";

const COMPOSITION = fileURLToPath(new URL("../../dist/container/compose.yaml", import.meta.url));
const host = ContainerHost.ofSuite();

for (const carrier of carriersOfSuite()) {
  const image = (target: string) => imageName({ target, base: "scratch", carrier });
  Deno.test(`compose.yaml brings an application its secret, and another one later (${carrier})`, async () => {
    await using folder = await temporaryFolder();
    await Deno.writeTextFile(`${folder.path}/db.password`, "correct horse");
    for (const path of [folder.path, `${folder.path}/db.password`]) {
      await Deno.chown(path, NOBODY, NOBODY);
    }
    // The engine makes its networks in a namespace that nothing leads out of.
    await using network = await ContainerNetwork.open();
    const compose = async (...args: string[]) => {
      const program = `${host.folder}/venv/bin/podman-compose`;
      const start = [...network.starter, program, "--file", COMPOSITION, "--project-name", "page"];
      const { code, stdout, stderr } = await host.follow([...start, ...args], {
        VAULT: folder.path,
        AGENT_IMAGE: image("agent"),
        KEEPER_IMAGE: image("keeper"),
        APPLICATION_IMAGE: "localhost/alpine",
      }).end;
      assertEquals(code, 0, stdout + stderr);
    };
    try {
      await compose("up", "--detach");
      const application = new Container(host, "page_application_1");
      const said = await application.waitForLog((logs) => /the password.*/.exec(logs)?.[0]);
      assertEquals(said, "the password has 13 bytes");
      const agent = new Container(host, "page_agent_1");
      await agent.waitForLog((logs) => /a keeper has delivered/.exec(logs)?.[0]);
      const { status } = await agent.checkHealth();
      assertEquals(status, "healthy");

      await Deno.writeTextFile(`${folder.path}/db.password`, "battery staple");
      const keeper = new Container(host, "page_keeper_1");
      await keeper.waitForLog((logs) => /1 updated/.exec(logs)?.[0]);
      const path = await application.pathOf("/secrets/db.password");
      assertEquals(await Deno.readTextFile(path), "battery staple");
      assertMatch(await Deno.readTextFile(path.replace(/root.*/, "mounts")), /^tmpfs \/secrets /m);
    } finally {
      await compose("down", "--volumes");
    }
  });
}
