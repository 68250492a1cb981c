// create, describe, tag, delete: what the AWS SDK for JavaScript makes of the emulator given as first argument.
// Prints one JSON object with what it saw; any client-side error ends it with a trace and status 1.
import {
  CreateConnectionCommand,
  CreateDirectConnectGatewayCommand,
  CreatePrivateVirtualInterfaceCommand,
  DeleteConnectionCommand,
  DeleteDirectConnectGatewayCommand,
  DeleteVirtualInterfaceCommand,
  DescribeConnectionsCommand,
  DescribeLoaCommand,
  DescribeLocationsCommand,
  DescribeTagsCommand,
  DescribeVirtualInterfacesCommand,
  DirectConnectClient,
  DirectConnectClientException,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-direct-connect";

const [, , endpoint, accessKeyId, secretAccessKey] = process.argv;
const client = new DirectConnectClient({
  endpoint,
  region: "us-east-1",
  credentials: { accessKeyId, secretAccessKey },
  maxAttempts: 1,
});
const seen = {};

const { locations } = await client.send(new DescribeLocationsCommand({}));
const order = { location: locations[0].locationCode, bandwidth: "1Gbps", connectionName: "js-tour" };
const connection = await client.send(new CreateConnectionCommand(order));
const { connectionId } = connection;
seen.created = connection.connectionState;

const described = await client.send(new DescribeConnectionsCommand({ connectionId }));
seen.described = described.connections[0].connectionState;

const loa = await client.send(new DescribeLoaCommand({ connectionId }));
seen.loa = Buffer.from(loa.loaContent).subarray(0, 5).toString();
const after = await client.send(new DescribeConnectionsCommand({ connectionId }));
seen.loaIssueTimeIsDate = after.connections[0].loaIssueTime instanceof Date;

const resourceArn = `arn:aws:directconnect:us-east-1:${connection.ownerAccount}:dxcon/${connectionId}`;
await client.send(new TagResourceCommand({ resourceArn, tags: [{ key: "team", value: "network" }] }));
const tagged = await client.send(new DescribeTagsCommand({ resourceArns: [resourceArn] }));
seen.tags = tagged.resourceTags[0].tags;
await client.send(new UntagResourceCommand({ resourceArn, tagKeys: ["team"] }));

const { directConnectGateway } = await client.send(
  new CreateDirectConnectGatewayCommand({ directConnectGatewayName: "js-tour" }),
);
const { directConnectGatewayId } = directConnectGateway;
const { virtualInterfaceId } = await client.send(
  new CreatePrivateVirtualInterfaceCommand({
    connectionId,
    newPrivateVirtualInterface: { virtualInterfaceName: "js-tour", vlan: 101, asn: 65000, directConnectGatewayId },
  }),
);
const { virtualInterfaces } = await client.send(new DescribeVirtualInterfacesCommand({ virtualInterfaceId }));
seen.vlan = virtualInterfaces[0].vlan;

try {
  await client.send(new DeleteConnectionCommand({ connectionId }));
} catch (error) {
  seen.refusal = error instanceof DirectConnectClientException;
}
await client.send(new DeleteVirtualInterfaceCommand({ virtualInterfaceId }));
await client.send(new DescribeVirtualInterfacesCommand({ virtualInterfaceId }));
await client.send(new DeleteDirectConnectGatewayCommand({ directConnectGatewayId }));
const deleted = await client.send(new DeleteConnectionCommand({ connectionId }));
seen.deleted = deleted.connectionState;

console.log(JSON.stringify(seen));
