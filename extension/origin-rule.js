/**
 * A server on this machine refuses what other origins send, since pages could send it. An extension's requests carry an
 * origin of their own, which no page can have; so it is taken off on the way to the one server that the person named.
 */

const RULE = 1;

/** @param {string} server its address */
export async function takeOffOrigin(server) {
  await chrome.declarativeNetRequest.updateDynamicRules({
    removeRuleIds: [RULE],
    addRules: [
      {
        id: RULE,
        action: { type: "modifyHeaders", requestHeaders: [{ header: "origin", operation: "remove" }] },
        condition: {
          urlFilter: `|${new URL(server).origin}/`,
          initiatorDomains: [chrome.runtime.id],
          resourceTypes: ["xmlhttprequest"],
        },
      },
    ],
  });
}
