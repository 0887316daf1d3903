// A site of somebody else, in TypeScript: what docs and /embed say compiles, and what they do not say does not.
import { Client, type Ballot, type Run } from "../../../web/sdk/v1/tallylight.js";
import { TallylightShow } from "../../../web/sdk/v1/tallylight-show.js";

const client = new Client({ show: "finale", server: "https://vote.example.org" });
client.addEventListener("show", (event) => {
  const run: Run | undefined = event.detail.run;
  const first = run?.options[0];
  if (run?.phase === "open" && first) client.vote(run, [first.n]);
});
client.addEventListener("ballots", (event) => event.detail.forEach((ballot: Ballot) => console.log(ballot.is, ballot.left ?? 0)));
client.addEventListener("results", ({ detail }) => console.log(detail.state === "final" && detail.options.map(({ share }) => share.toFixed(1))));
client.speak(["fr", "en"]);
client.start();
console.log(client.now() - (client.show?.run?.closes_at ?? 0), client.state.is === "ended" && client.state.why);

const element: TallylightShow = document.createElement("tallylight-show");
element.setAttribute("show", "finale");
element.addEventListener("link", (event) => console.log(event.detail.is));
element.addEventListener("click", (event) => console.log(event.clientX));
element.client?.stop();

// @ts-expect-error a show is needed
new Client({});
// @ts-expect-error there is no such event
client.addEventListener("shwo", (event) => console.log(event.detail));
// @ts-expect-error staff's part is not promised
client.command({ do: "take" });
// @ts-expect-error a ballot is numbers
client.takeBack(1);
