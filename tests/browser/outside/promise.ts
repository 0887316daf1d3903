// The modules are what their declarations say.
import { Client as Real } from "../../../web/sdk/tallylight.js";
import { TallylightShow as RealShow } from "../../../web/sdk/show.js";
import type { Client, Show, Run, Results, Ballot } from "../../../web/sdk/v1/tallylight.js";
import type { TallylightShow } from "../../../web/sdk/v1/tallylight-show.js";
import type { ShowView, RunView, Results as RealResults } from "../../../web/sdk/wire.js";
import type { Ballot as RealBallot } from "../../../web/sdk/ballots.js";

// Listeners are told apart by name only in the declarations.
type Silent<T> = Omit<T, "addEventListener" | "client">;

export const client: new (options: { show: string; server?: string; entry?: string }) => Silent<Client> = Real;
export const element: new () => Silent<TallylightShow> = RealShow;
export const show = (real: ShowView): Show => real;
export const run = (real: RunView): Run => real;
export const results = (real: RealResults): Results => real;
export const ballot = (real: RealBallot): Ballot => real;
