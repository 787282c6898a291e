const R='/work/main/';
const { startMongo } = await import(R+'tools/services/mongo.ts');
const { MongoStore } = await import(R+'libs/adapters/store-mongo/src/index.ts');
const { MachineClock, MachineRandom } = await import(R+'tests/store/machine.ts');
const { MongoClient } = await import('mongodb');
const members = Number(process.argv[2] ?? 1) as 1|3;
const server = await startMongo({members});
const store = await MongoStore.open({url: server.url, database:'b', clock: new MachineClock(), random: new MachineRandom()});
const client = new MongoClient(server.url, {writeConcern:{w:'majority',journal:true,wtimeoutMS:3000}, retryWrites: process.argv[3] !== 'noretry'});
await client.connect(); const col = client.db('raw').collection('entries'); await col.createIndex({log:1,seq:-1},{unique:true});
const data = JSON.stringify({orderId: 12345, text: 'x'.repeat(200)});
let n = 0; const users = Number(process.argv[4] ?? 10000);
const mk = (seq?: number) => ({...(seq?{_id:'m'+n+Math.random()}:{id:'m'+n+Math.random()}), log:'t/user:u'+(n++%users), acceptedAt: Date.now(), expiresAt: Date.now()+1e9, event:'order.shipped', data, origin:{fingerprint:'0123456789abcdef0123456789abcdef', recipients:1}, ...(seq?{seq}:{})}) as any;
let seqn=1;
async function measure(name: string, commits: number, one: () => Promise<unknown>) {
  const cpu = process.cpuUsage(), t = performance.now(); let left = commits; const lat:number[]=[];
  await Promise.all([1,2].map(async()=>{ while(left-->0){ const a=performance.now(); await one(); lat.push(performance.now()-a);} }));
  const c = process.cpuUsage(cpu), ms = performance.now()-t; lat.sort((a,b)=>a-b);
  console.log(name.padEnd(28), 'entries/s', Math.round(commits*128/ms*1000), 'client µs/entry', ((c.user+c.system)/commits/128).toFixed(1), 'p50 ms', lat[lat.length>>1]!.toFixed(1), 'p99', lat[Math.floor(lat.length*.99)]!.toFixed(1));
}
const batch = (seq?: number) => Array.from({length:128}, () => mk(seq));
const append = async () => { const r = await store.log.append(batch()); if (r.some((x:any)=>x.outcome!=='appended')) throw new Error('x'); };
const raw = () => col.insertMany(batch(seqn++) as any, {ordered:false});
const rawCommand = () => client.db('raw').command({insert:'entries', documents: batch(seqn++), ordered:false, writeConcern:{w:'majority',j:true,wtimeout:3000}});
for (const round of [0,1,2]) { await measure('append singles', 150, append); await measure('raw insertMany', 150, raw); await measure('raw command', 150, rawCommand);
 await measure('append run of 128', 60, async()=>{ const log='t/topic:x'+Math.random(); const r= await store.log.append(batch().map(d=>({...d,log}))); if (r.some((x:any)=>x.outcome!=='appended')) throw new Error('x');}); }
for (const hot of [true,false]) { const lat:number[]=[]; const cpu = process.cpuUsage(); for (let i=0;i<300;i++){ const d=mk(); if(hot) d.log='t/user:hot'; const a=performance.now(); await store.log.append([d]); lat.push(performance.now()-a);} lat.sort((a,b)=>a-b); const c=process.cpuUsage(cpu); console.log('single append', hot?'cached base':'base read', 'p50', lat[150]!.toFixed(2), 'p99', lat[297]!.toFixed(2), 'cpu µs', ((c.user+c.system)/300).toFixed(0)); }
await client.close(); await store.close(); await server.stop(); process.exit(0);
