/** How much there is of everything in a run. Holds numbers only. */
export const size = { collects: 2, dispatches: 2, nodes: 2, users: 3, devicesPerUser: 2 };
