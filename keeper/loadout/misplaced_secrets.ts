/**
 * Secrets in a loadout, where others read them: in whatever place, they are refused and not repeated.
 *
 * @module
 */
import { secretIn, type SecretKind } from "../keys/disclosed_secret.ts";
import type { Place, Problems } from "./problems.ts";
import type { YamlNode } from "./yaml_tree.ts";

const HINT = "Regard it as disclosed and use another. A key is named by its address; keys and " +
  "enrolment secrets are stored with: keys add, enrolment add.";

/** Notes each private key and enrolment secret among keys and values; tells whether there is none. */
export function refuseSecrets(tree: YamlNode, problems: Problems): boolean {
  const note = (secret: SecretKind | null, place: Place): boolean => {
    if (secret === null) return true;
    problems.add(place, `${secret} stands here, and no file of settings may hold one`, HINT);
    return false;
  };
  const check = (node: YamlNode): boolean => {
    switch (node.kind) {
      case "text":
        return note(secretIn(node.text.trim()), node.place);
      case "list":
        return node.items.map(check).every(Boolean);
      case "mapping":
        return node.members.map(({ key, keyPlace, value }) => {
          const isKeyGood = note(secretIn(key.trim()), keyPlace);
          return check(value) && isKeyGood;
        }).every(Boolean);
      default:
        return true;
    }
  };
  return check(tree);
}
