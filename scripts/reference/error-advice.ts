/** What each error code means and what to do about it: docs/reference/errors.md. test/reference.test.ts compares the codes with the sources. */
export const ADVICE: Readonly<Record<string, string>> = {
  "*-not-found":
    "The memory broker has no such queue, topic or stream. Let `apply()` create it (`provision: auto`, the default on memory), or check the channel's name.",
  "audit-failed":
    "The function `audit` that was given to `deadLetters()` or `replay()` failed before an operation began, so nothing was done. Its error is the cause.",
  "bad-edit":
    "`edit()` of a dead letter was asked to change nothing, or something that cannot be changed. The text says what can.",
  "bad-export": "An option of `export()` of dead letters has another form. The text says which.",
  "bad-import":
    "A line is not of an export of this channel and group, or was changed. The text has its number and says what to change. Of a file nothing was sent. See [dead letters](../guides/dead-letters.md#export-and-import).",
  "edit-changes-key":
    "The edited data has another ordering key. The message would join the order of another key, at its end. Keep the key, or publish a new message and purge the letter.",
  "edit-not-allowed":
    "Dead letters of this group are not edited. Where people may change data by hand, set `editDeadLetters: true` for the group.",
  "edit-unreadable":
    "The data of a dead letter cannot be decrypted, fetched or decoded here, so it cannot be sent again. The cause says why. Give `data` to replace it.",
  "export-exists":
    "The file of an export exists. Give another path, or `resume: true` to go on with an export that was cut off.",
  "export-failed":
    "The file of an export, or its sink, cannot be opened or written. The message and the cause say why. A link is not followed. No letter is deleted whose line may be lost: mend what failed and export again with `resume`.",
  "move-failed":
    "SQS ended its own move of dead letters. The text quotes its reason. Letters that were moved stay moved.",
  "move-in-progress":
    "SQS is moving these dead letters to another queue already, by a task that somebody else began. Wait for its end, or cancel it there.",
  "move-unknown":
    "SQS has accepted a move of dead letters and does not list it. Look at the queue's list of tasks (ListMessageMoveTasks) before you begin another.",
  "native-unsupported":
    "The broker itself cannot move these dead letters. The text says why. Leave out `native`; see [dead letters](../guides/dead-letters.md#all-of-it-by-sqs).",
  "no-such-dead-letter":
    "`edit()` found no dead letter of this id. Another reader may hide it for now, or it was redriven, purged or edited. Look again, or raise `max`.",
  "bad-filter":
    "A condition or option of `scan()`, `groups()`, `get()` or `purge()` of dead letters does not exist or has another form. The text says which.",
  "bad-redrive": "An option of `redrive()` is out of its range. The text says which.",
  "claim-not-configured":
    "Of a dead letter: the message's body is stored elsewhere, and this channel has no `claimCheck`. Configure it as at the publisher, then redrive.",
  "dead-letters-limited":
    "The dead-letter queue gives up messages after some deliveries, and looking at a dead letter is a delivery. Remove `x-delivery-limit` (RabbitMQ) or the redrive policy (SQS) of that queue.",
  "encryption-not-configured":
    "Of a dead letter: the message is encrypted, and this channel has no `encrypt`. Configure the keys as at the publisher, then redrive.",
  "extension-failed":
    "A key provider or a claim store could not be opened. The text names its place in the configuration, and the cause says why.",
  "not-decodable":
    "The channel's codec threw while it read a message of its media type. The message becomes a dead letter with `invalid-message`. The cause is the codec's error.",
  "not-encodable":
    "The channel's codec threw, or returned neither bytes nor text. Correct `codec.encode`. The cause is the codec's error.",
  "not-encrypted-at-rest":
    "The channel's `atRest` asks for encryption, and the queue, topic or stream is stored unencrypted, or its broker cannot tell. Encrypt it (`native.kmsKey`), or set `atRest: assume` where the disks are encrypted by other means.",
  "step-failed":
    "A step of the channel's pipeline (encryption, a claim store of your own) failed with an error that is not a MessagingError. The cause is that error. Nothing was sent; on receive, the message is tried for 15 minutes.",
  undecodable:
    "Of a dead letter: a compressed body is damaged, or larger than its message declares or than is ever read. The text says which. Look at who published it.",
  "retry-time-over":
    "Of a dead letter: the message was tried for as long as `retry.total` allows. Mend what its handler needs, then redrive. See [the breaker](../guides/breaker.md).",
  "*-unsupported":
    "The transport cannot do what was asked: `seek`, `purge` or `depth` of this model. The text says what. Use another transport or model, or leave the call out.",
  aborted: "The call was ended by its own signal or because the process stops. Nothing to do.",
  "access-denied":
    "AWS refuses the call. Allow it in the role's policy and in the policy of the queue, topic, stream or key itself. The error names the resource.",
  "access-refused":
    "RabbitMQ refuses. Check user and password, or the user's configure, write and read permissions on the virtual host. The hint says which.",
  "account-unknown":
    "A topic is given by name, and its account is not known. Set `accountId` on the connection, give the topic's ARN as `address`, or allow `sns:ListTopics`.",
  "attempts-exhausted":
    "Of a dead letter: the message failed as often as the policy's `attempts` allows. Mend the handler, then redrive: see [dead letters](../guides/dead-letters.md).",
  backpressure:
    "More messages wait for the broker than `publish.maxPending` or `maxPendingBytes` allow, and `whenFull` is `reject`. Publish more slowly, raise the limit, or set `whenFull: wait`.",
  "bad-address": "The `address` is not the name, ARN or URL of a queue or topic. Correct it in the configuration.",
  "aggregated-records":
    "A producer aggregates records, and the event source mapping of the function has a `ParallelizationFactor` above 1. Set it to 1.",
  "ambiguous-source":
    "An event of Lambda could be for several groups of the function. Give each a function of its own, or say region and account of their connections.",
  "attempts-store":
    "A stream group that runs on Lambda keeps the attempts of its records in DynamoDB. Set `leases: { store: dynamodb }` on the connection.",
  "bad-channel":
    "`channel()` was called wrongly: name, messages, `orderingKey` or `needs`. The text says what to change.",
  "bad-checkpoint":
    "A position that is no whole number was to be stored in a lease table. The row was changed by hand or by another program: move the group with `replay()`.",
  "bad-consumer":
    "`consumer()` or `batchConsumer()` was called wrongly: channel, group, handlers or options. The text says what to change.",
  "bad-content-type":
    "The content type of a codec is too long for an encrypted message, which carries at most 1,024 characters. Shorten it.",
  "bad-duration": "A duration is not one. Write `250ms`, `30s`, `15m`, `12h` or `4d`; a bare number is milliseconds.",
  "bad-expiry": "`expires` is neither a valid `Date` nor a duration. See [publish](../guides/publish.md).",
  "bad-header":
    "A header's name or value cannot be sent. The text says which and why: leave it out, shorten it or encode it.",
  "bad-hold": "The group's `hold` is not one that SQS can keep. Set it from 1s to 12h.",
  "bad-key": "The ordering key cannot be sent: too long, empty, or no well-formed text. Shorten or hash it.",
  "bad-lease-table": "The name of the lease table is not one. Write `[schema.]name` of `a-z`, `0-9` and `_`.",
  "bad-message": "RabbitMQ's client cannot encode the message. The cause says why.",
  "bad-middleware": "`middleware()` was not given a function of delivery and next.",
  "bad-replay":
    "The line given to `explore({ replay })` is not one of its own. Copy the whole of it, from `x1.` to the end.",
  "check-handler-calm":
    "`checkHandler()` takes the run without faults for right, and there the handler failed. The text has its story: give it a message, effects and channels with which it succeeds.",
  "check-handler-failed":
    "The handler ends in another state when a process dies, an answer is lost or the message comes twice. The text says at which step. See [explore](../guides/explore.md).",
  "explore-endless":
    "While exploring, deferred work sets itself again for ever without time moving. Look for a loop that waits for nothing.",
  "explore-failed":
    "A run violated an invariant. The text is the shortest story of it, with a line that replays it. See [explore](../guides/explore.md).",
  "explore-never-reached":
    "No run of `explore()` reached a `sometimes` of the scenario: raise `seeds`, or look whether the scenario still can.",
  "explore-real-wait":
    "A handler waits for a real timer, socket or file, which a run on a virtual clock never reaches. Take what it waits for from an argument: `clock.sleep()`, or a function of the scenario's world.",
  "explore-start":
    "The services of a scenario did not start, or used `messaging` while they were made. Use it in handlers only.",
  "bad-option": "An option in code is wrong. The text names it and says what is allowed.",
  "bad-ordering-key":
    "No ordering key could be read from the message, or it is empty or no text. Mend `orderingKey` of the channel, or the message.",
  "bad-inbox": "An option of an inbox or of its store is wrong. The text names it and says what is allowed.",
  "inbox-mark-lost":
    "A message was handled and could not be marked: its store failed, or another process had taken its claim over. If it comes again, it is handled again. See [the inbox](../guides/inbox.md#what-goes-wrong).",
  "inbox-sweep-failed":
    "An inbox cannot delete what it has forgotten, so its table grows. The cause says why; usually the role lacks `delete`. It goes on trying.",
  "inbox-unavailable":
    "The store of an inbox cannot be used, so messages wait without using up attempts. The cause says why: it is down, or a table or right is missing. See [tables and rights](../guides/inbox.md#tables-rights-and-clean-up).",
  "inbox-undecided":
    'A replay of a group with an inbox must say what becomes of it: `inbox: "keep"` skips what was handled, `"forget"` handles it again. See [replay](../guides/inbox.md#replay).',
  "inbox-unknown":
    'A replay with `inbox: "forget"` needs the group\'s consumer in the same process. Call `consume()` first; it need not be started.',
  "redrive-beyond-window":
    "A redrive sends a message that is older than its group's inbox remembers. If an earlier copy was handled, it is handled again.",
  "bad-outbox": "An option of `createOutbox()` or `relay()` is wrong. The text names it and says what is allowed.",
  "bad-outbox-parts": "`outboxSchema({ parts })` is no whole number from 1 to 1,024.",
  "bad-outbox-table": "The name of the outbox's table is not one. Write `[schema.]name` of `a-z`, `0-9` and `_`.",
  "bad-position":
    "The position is none of this stream, or none that `replay()` takes. Use one that `delivery.position` gave, a time, `earliest` or `latest`.",
  "bad-queue-url":
    "The endpoint answered with no URL for a queue. Check `endpoint`: something else than SQS answers there.",
  "bad-text":
    "A text of the publish is no string, or holds half a surrogate pair. Pass well-formed text (`String.prototype.toWellFormed`).",
  "batch-failed":
    "Not an error of yours: messages of an event must come again, and the event source mapping does not read the answer. Set `FunctionResponseTypes: [ReportBatchItemFailures]` there, and `native.lambda.answer: report`.",
  "batch-too-large":
    "The messages sent at once are larger together than the transport takes. Core splits batches itself: you see this from a driver used directly.",
  "binary-body": "The transport carries text only. Encode the bytes as base64.",
  blocked:
    "RabbitMQ takes no publishes for now, because it lacks memory or disk. Core sends again by itself. Free the broker's memory or disk.",
  "blocked-by-earlier":
    "An earlier message of the same ordering key was not sent, so this one was not sent either. It is safe to publish it again, after the earlier one.",
  broker: "Of a dead letter without a code of ours: the broker moved it, for example by its own delivery limit.",
  "broker-clock":
    "Two connections name the same memory broker and have different clocks. Give it another name, or connect with the same runtime.",
  "cannot-purge":
    "This broker cannot empty a stream. Move the group past the messages with `replay()`, or let them expire.",
  "cannot-return":
    "A log takes no message back. Core retries on streams in place: you see this from a driver used directly.",
  "cannot-seek": "Only a stream has positions. Call `replay()` on stream channels only.",
  "capability-missing":
    "The destination cannot do what the channel or consumer needs. The text says what: change the transport, the model, the queue, or the [need](../concepts/need.md).",
  "channel-closed":
    "The broker closed the AMQP channel, or it is closed already. Core opens another. If it comes often, the broker's log says why.",
  "channel-gone": "The AMQP channel that brought the message is gone. The message comes again.",
  "channel-limit":
    "All channels that the broker allows on a connection are open. Raise its `channel_max`, or consume fewer queues.",
  "claim-bucket-missing":
    "The bucket of `claimCheck` does not exist. Create it, or correct `claimCheck.bucket`. Switchyard creates no buckets. Messages wait until it is there.",
  "claim-damaged":
    "Of a dead letter: the stored body is not the one that was published. Its size or its SHA-256 differs, so something has changed it. Publish the message again.",
  "claim-denied":
    "S3 refuses. The text names the right. A message that is to be read waits for `claimCheck.wait`, then it is dead-lettered. Where the role may not list the prefix, S3 refuses missing objects in the same way: see [large messages](../guides/claim-check.md#rights).",
  "claim-lifetime":
    "A lifecycle rule of the bucket expires or archives stored bodies before their messages are over. Change that rule, or use another `claimCheck.prefix`.",
  "claim-missing":
    "The stored body is gone: it has expired or was deleted. The message becomes a dead letter, and a redrive is refused. Publish the message again, and let `plan()` check the bucket's lifecycle rule.",
  "claim-refused":
    "A pointer leads outside of the channel's bucket and prefix, to another message's object, or to more than 64 MiB. It was not followed. If the producer is one of yours, list its bucket in `claimCheck.read`.",
  "claim-store-failed":
    "The folder of `claimCheck` cannot be read or written. Check the path, its rights and the disk's space.",
  "client-retries":
    "A client given in code sends several times by itself and may store a message as often. Make it with `maxAttempts: 1`.",
  "clock-skew":
    "This machine's clock is wrong, so AWS refuses the signature. Set it, and keep it right with NTP. The SDK corrects itself for the next call.",
  closed: "`stop()` was called, or the process is stopping. Publish before, or elsewhere.",
  "concurrent-change": "Another change of the topic or of its tags is under way. Try again.",
  "connection-limit": "A limit of the broker on connections is reached. Close what is not needed, or raise it.",
  "connection-lost":
    "The connection broke. Core connects again. A publish that was under way may have been stored (`ambiguous`): see [publish](../guides/publish.md).",
  "consumer-cancelled":
    "The broker ended the consumer: its queue or stream was deleted, or moved. Core opens it again. Create it with `plan` and `apply` if it is gone.",
  "consumer-not-found":
    "The stream has no such consumer for enhanced fan-out. Register it with `plan` and `apply`, or read by polling (`fanOut: false`).",
  "consumer-timeout":
    "RabbitMQ closed the channel because a message was held longer than its `consumer_timeout`. Set the connection's `consumerTimeout` to the broker's value, or raise the broker's.",
  "consumer-twice": "The same group has two consumers in one process. Register it once.",
  contended: "Another worker changed the lease at the same time, several times. It is tried again.",
  "crash-loop":
    "Of a dead letter on a stream: several processes ended without getting past this message. Find out why it ends the process.",
  "credentials-expired":
    "The AWS credentials have expired. Check what the SDK finds here (environment, profile, role). A client of your own may still use old ones: make a new one.",
  "credentials-refused":
    "AWS does not know the credentials, or the signature is wrong. Check what the SDK finds here (environment, profile, role).",
  "delay-too-long":
    "The transport cannot delay a message for so long: SQS 15 minutes, or what `native.hops` says. Shorten `delay`, or raise `longest`.",
  "delay-unsupported":
    "This destination cannot delay single messages. Leave `delay` out, use another transport, or on SQS FIFO set `native.delay` for the queue.",
  "delivery-limit":
    "A warning: a message came back to RabbitMQ so often that its own limit (`x-delivery-limit`) may have moved it to the dead letters. Find out why processes end or lose their channel while they hold it.",
  "depth-unsupported": "The transport cannot say how many messages wait. Leave `depth()` out for this group.",
  "direct-subscription":
    "The function is subscribed to the topic itself. Map the group's queue to it: see [Lambda](../guides/lambda.md#sns).",
  "empty-body": "SQS takes no empty body. Publish at least one character.",
  "empty-header": "SQS takes no empty header. Leave it out.",
  "exchange-not-found":
    "RabbitMQ has no such exchange. Create it with `plan` and `apply`, or check prefix, `address` and virtual host.",
  "exclusive-consumer":
    "Another consumer has exclusive use of the queue. It is tried again. End the other consumer if it should not be there.",
  failed: "The lease store failed in a way that it does not explain. The cause says more. It is tried again.",
  "fairness-unsupported": "`fairnessKey` is not declared. Add `needs: { fairness: true }` to the channel.",
  "foreign-queue-url":
    "The queue's URL is on another host than this connection's endpoint. Give the queue by name or ARN, or use a connection with that endpoint; for a new partition of AWS add the host to `trustedHosts`.",
  "group-missing":
    "A stream was to be read without naming a group. Core names it: you see this from a driver used directly.",
  "header-unsupported":
    "A Kinesis record has no headers. Core puts them into the body: you see this from a driver used directly.",
  "hold-limit":
    "The hold has reached the longest time that the transport allows: on SQS 12 hours after the receive. The message comes again. Make the work shorter, or split it.",
  "hold-lost": "The hold ended before this call. The message comes again. Raise `hold` or make the handler faster.",
  "hold-over":
    "The hold ended while the process was busy or asleep, or could not be extended in time. The message comes again. Do not block the event loop; raise `hold`.",
  "hold-too-long": "The hold would pass the profile's limit from the receive. Make the work shorter.",
  "hops-retention":
    "The delay queue of `native.hops` would delete messages before they are due. Run `plan` and `apply`, or lower `longest`.",
  "https-required": "The service takes encrypted calls only. Use an `https:` endpoint.",
  "insecure-endpoint":
    "The endpoint is plain `http:` to another machine. Use `https:`, or `allowInsecure: true` where the network is trusted.",
  "insecure-queue-url":
    "The queue's URL is plain `http:` to another machine. Use `https:`, or `allowInsecure: true` where the network is trusted.",
  "invalid-argument":
    "Kinesis refuses an argument of the call. The text has its words. Check the stream's settings under `native`.",
  "invalid-attribute": "SQS or SNS refuses a setting. The text has its words. Check `native` of the channel or group.",
  "invalid-characters":
    "The text holds characters that SQS refuses: NUL, most control characters, U+FFFE, U+FFFF. Escape them, or encode the body as base64.",
  "invalid-config":
    "The configuration has mistakes. `problems` lists every one with its place. See [configuration](configuration.md).",
  "invalid-message":
    "The message does not fit the channel's schema, or the broker refuses it. `problems` says where. Of a dead letter: mend the schema or the producer, then redrive.",
  "invalid-record": "Kinesis refuses the record. The text has its words.",
  "iterator-expired":
    "A position of reading in a shard was too old. It is read again from the checkpoint. Nothing to do.",
  "keys-denied":
    "The key service refuses. Allow the role `kms:GenerateDataKey` to publish and `kms:Decrypt` to consume, on the key of the text, with the encryption context of the channel: see [encryption](../guides/encryption.md#keys-in-aws-kms). Messages wait meanwhile.",
  "keys-disabled":
    "The KMS key is disabled, is being deleted, is not there, or is of a kind that does not encrypt. The text says which. Enable it, or correct its ARN. Messages wait meanwhile.",
  "keys-throttled":
    "KMS is asked more often than its quota allows. It passes, and messages wait. If it comes often, raise the quota of `GenerateDataKey` or `Decrypt`, or use fewer types or processes.",
  "keys-unreachable":
    "The key service does not answer, or answers with something else. Check network, endpoint and region. Messages wait, and a publish is safe to repeat.",
  "kms-access-denied": "The role may not use the KMS key. Allow it in the role's policy and in the key's.",
  "kms-disabled": "The KMS key is disabled. Enable it, or set another `kmsKey`.",
  "kms-invalid-key": "The KMS key is of a kind that cannot encrypt here. Use a symmetric encryption key.",
  "kms-invalid-state": "The KMS key is in a state in which it cannot be used, such as pending deletion. Check it.",
  "kms-managed-key":
    "The queue's key is managed by AWS, so SNS cannot be allowed to use it. Use a customer-managed key, or leave the key out for SSE-SQS.",
  "kms-not-found": "There is no such KMS key. Check `kmsKey`, region and account.",
  "kms-not-granted":
    "The policy of the queue's key does not let SNS use it, and it could not be changed. Let `sns.amazonaws.com` use `kms:GenerateDataKey*` and `kms:Decrypt`.",
  "kms-opt-in-required": "The account has no access to KMS in the region. Check the account and the region.",
  "kms-throttled": "KMS is called too often. Raise its request quota, or the queue's `kmsDataKeyReuse`.",
  "lease-lost":
    "Another worker has the shard or partition. Its unsettled messages come again there. Often: raise the lease's duration, do not block the event loop.",
  "lease-table-forbidden": "The rights to the lease table are missing. The hint says which ones.",
  "lease-table-foreign":
    "The table holds the leases of another group or is no lease table. Give each group a table of its own, or delete it if that stream is gone.",
  "lease-table-live":
    "A KCL application is running on the lease table. Stop all its workers, then start again: see [moving from the KCL](../moving/kcl.md).",
  "lease-table-missing":
    "There is no lease table. Create it with `plan` and `apply`; in PostgreSQL with `leaseSchema`.",
  "lease-table-slow": "A DynamoDB table was not active in time. Apply again.",
  "leases-missing":
    "A stream's groups on RabbitMQ need `leases` on the connection. Set it: see [configuration](configuration.md#options-of-amqp).",
  "md5-missing":
    "This machine has no MD5 (FIPS mode). Publishing and reading work; a throttled shard cannot be told apart from the others, and checksums of aggregated records are not verified.",
  "mechanism-refused": "RabbitMQ does not offer this login. Check `tls.external`, and the broker's `auth_mechanisms`.",
  "missing-client":
    "Topics need an `SNSClient` beside the `SQSClient` given in code (`snsClient`), or a KMS client for the queues' keys (`kmsClient`).",
  "missing-dependency": "A package is not installed. Run the `npm install` that the text names.",
  "outbox-parts-differ":
    "`relay({ parts })` is not the number of partitions of the outbox's table. Leave it out, or make the table again while it is empty: see [the outbox](../guides/outbox.md#partitions).",
  "outbox-sequence-cached":
    "The sequence of the outbox's table has `CACHE` above 1, so that sessions would take numbers out of order. Run `alter sequence ... cache 1`.",
  "outbox-table-foreign":
    "The table was not made by `outboxSchema`, or by a version that is not compatible. Give the outbox a table of its own.",
  "outbox-table-missing":
    "A table of the outbox does not exist. Create both by the statements of `outboxSchema()`: see [the outbox](../guides/outbox.md#the-tables).",
  "delay-unordered":
    "A message with an ordering key cannot be delayed in the outbox: later ones of its key would overtake it. Leave `delay` out, or use a channel without `orderingKey`.",
  "missing-peer": "DynamoDB leases need a package that is not installed. Run `npm install @aws-sdk/client-dynamodb`.",
  "model-missing":
    "The transport does not have the channel's model. Put the channel on another connection, or choose another `model`.",
  "middleware-refused":
    "A middleware of the consumer cannot do for this group what it promises. The text says what to change, such as a longer window.",
  "model-not-served":
    "The memory broker's `profile` does not have the channel's model, as the broker it stands for has not. Leave the profile out, or choose another model.",
  "next-not-called":
    "A middleware returned without calling and awaiting `next()`, so the message was not handled. Call it once, or throw `Skip`.",
  "no-answer":
    "The broker did not answer in time. A publish may have been stored (`ambiguous`). Check the network and the broker's load.",
  "no-consumers": "RabbitMQ had no consumer to give the message to at once. It is sent again.",
  "no-credentials":
    "The AWS SDK found no credentials here. Set a profile, a role or the environment. The text has the SDK's words.",
  "no-dead-letters":
    "The group keeps no dead letters of its own: its policy says otherwise. The text says what its policy does.",
  "no-result":
    "The driver gave no outcome for the message, so it may have been stored. Report it to the author of the adapter.",
  "no-topology":
    "The adapter cannot create or check queues and topics. Set `provision: off`, and create them otherwise.",
  "not-a-confirmation": "The value is no `SubscriptionConfirmation` of SNS. Pass the parsed body of SNS's request.",
  "not-a-plan": "`apply()` needs the value that `plan()` returned, not a copy of it. Call both in one process.",
  "not-accepted":
    "RabbitMQ answered that it did not take the message (nack): its queue is full, or not available. It is sent again. Consume faster, or raise the queue's limit.",
  "not-allowed": "RabbitMQ does not allow it. The text has its words.",
  "not-amqp":
    "What answers at the address does not speak AMQP 0-9-1. AMQP is at 5672 (`amqp:`) and 5671 (`amqps:`), the management at 15672.",
  "not-consumed":
    "Messages wait in memory and no consumer of their group has started in this process. Start it here: memory is not shared between processes, nor between connections without the same `broker`.",
  "not-encrypted":
    "Of a dead letter: the message is not encrypted, and the channel requires it. Encrypt it where it is published. While publishers change, set `accept: optional` with `until`: see [encryption](../guides/encryption.md#roll-it-out).",
  "not-in-flight": "The hold on the message has ended. It comes again. Raise `hold` or make the handler faster.",
  "not-json":
    "The body is not JSON, although its content type says so. Mend the producer. A message from elsewhere: see [foreign messages](../guides/foreign-messages.md).",
  "not-loaded":
    "The code that reads messages of other producers could not be loaded; the cause says why. The message waits, and loading is tried again. A bundle must have all of its files beside it.",
  "not-sent": "The send was ended before this message, so it is not stored. Publish it again.",
  "oldest-age-unknown":
    "A warning: with `cloudWatch: true`, CloudWatch could not be asked for the age of a queue's oldest message, so `depth()` leaves it out. The cause says why. Install `@aws-sdk/client-cloudwatch`, and give the role `cloudwatch:GetMetricStatistics`.",
  "open-failed": "A connection could not be opened. The cause says why.",
  "opt-in-required": "The account has no access to the service in the region. Check the account and the region.",
  "order-not-kept":
    "The stream distributes records by itself and ignores partition keys. Set `USER_PARTITION_KEY`, or declare no `orderingKey`.",
  "over-limit":
    "As many messages are in flight as the memory broker's profile allows. Settle some, or lower `maxInFlight`.",
  "parent-unknown": "A shard's parent is not listed yet. It is asked for again. Nothing to do.",
  "partitions-in-use":
    "RabbitMQ: the exchange of an ordered channel was to be replaced while nothing used its partitions, and something does now. Stop the publishers, let the consumers empty the partitions, stop them, then plan and apply again.",
  "partitions-differ":
    "The broker has more partitions than the configuration says. Set `partitions` to the broker's number: keys would go elsewhere.",
  "policy-cut-short":
    "The broker drops or moves messages before the policy's retries are over. `problems` says where: raise `retention` or the queue's own limit, or shorten the retries.",
  "position-invalid":
    "The group's checkpoint is not a position of the shard: it belongs to another stream, or was written by hand. Move the group with `replay()`.",
  "position-trimmed":
    "Records were past the stream's retention before the group read them. They are lost to it. Raise the retention, or read faster.",
  "publish-failed": "`publish()` failed for a reason without a code. The cause says more.",
  "publish-timeout":
    "The message was not taken within `publish.timeout`. The kind says whether it may have been stored. Check the broker, and the network.",
  "purge-in-progress": "SQS purges a queue at most once in 60 seconds. Try again later.",
  "purge-unsupported": "The transport of the dead letters cannot purge. Drop them one by one.",
  "queue-deleted-recently":
    "SQS makes a queue of the same name again only 60 seconds after its deletion. Wait, then apply again.",
  "queue-exists-otherwise": "A queue of this name has other settings. Call `plan()` again: it says in what it differs.",
  "queue-not-found":
    "There is no such queue. Create it with `plan` and `apply`, or check prefix, `address`, and region and account or virtual host.",
  "queue-unavailable": "The queue exists, and its node is not up. It is tried again.",
  "receipt-invalid":
    "The hold on the message has ended, or its queue was deleted and created again. It comes again. Raise `hold` or make the handler faster.",
  refused: "The broker refused the request. The text has its words.",
  "region-missing": "No AWS region is known. Set `region` on the connection, or `AWS_REGION`.",
  rejected:
    "Of a dead letter: the handler threw `DeadLetter`, or the policy says `deadLetter` for its error. The reason is in the dead letter.",
  "replay-unsupported":
    "The transport cannot move a group to another position. Only streams can, and only if no other service keeps the group's position (`runsOn`).",
  "resource-in-use": "The stream or its consumer is being changed. It is tried again.",
  "resource-locked": "Another connection has the queue exclusively. It is tried again.",
  "release-delay-unsupported":
    "The handler threw `Release` with a delay that the transport cannot keep: SQS keeps a message for at most 12 hours from its receive. Ask for less, or publish the message again with a delay.",
  "retry-delay-unsupported":
    "The transport cannot wait as long as the policy says before the next attempt. Lower `max` of the policy: SQS waits at most 12 hours from the receive.",
  "retry-not-stored":
    "The copy of a message for a later attempt was not accepted by RabbitMQ, so the message stays and comes again.",
  "returned-often":
    "A warning: a message came back to RabbitMQ often without a failed attempt. Its handler takes longer than `consumerTimeout`, or processes end while they hold it. Make the work shorter, or raise the time-out of broker and connection.",
  "runs-elsewhere":
    "The configuration says with `runsOn` what runs the group, and this is something else. The text says what to set.",
  "service-failed":
    "The service had an internal error. It is tried again. A publish may have been stored (`ambiguous`).",
  "shard-throttled": "The shard is over its quota. Add shards, use keys that spread better, or let fewer groups poll.",
  "sns-bad-certificate":
    "The signing certificate of an SNS request is not one of SNS, or out of date. Check this machine's clock. Otherwise the request is not from SNS.",
  "sns-bad-message": "The body of the request is no message of SNS. Check what sends to this URL.",
  "sns-bad-signature":
    "The signature of the SNS request is wrong. It was changed on the way, or is not from SNS. Pass the body as it came.",
  "sns-body-too-large": "The body of the SNS request is too large to be one. Check what sends to this URL.",
  "sns-certificate-unavailable":
    "SNS's signing certificate could not be fetched. Allow outgoing HTTPS to SNS. SNS sends again.",
  "sns-confirmation-failed":
    "SNS's URL for the confirmation did not answer well. Allow outgoing HTTPS to SNS. SNS sends again.",
  "sns-foreign-certificate":
    "The request names a signing certificate that is not on a host of SNS. It is not from SNS; in a new partition of AWS add the host to `trustedHosts`.",
  "sns-foreign-subscribe-url":
    "The confirmation names a URL that is not on a host of SNS. It is not from SNS; in a new partition of AWS add the host to `trustedHosts`.",
  "sns-raw-delivery":
    "The subscription uses raw message delivery, so nothing is signed. Turn raw delivery off for this URL.",
  "sns-too-old": "The SNS request is older than allowed. Check this machine's clock, or the handler's limit on age.",
  "sns-wrong-topic": "The SNS request is of another topic than the handler is for. Check the subscription.",
  "sqlstate-*":
    "PostgreSQL refused a statement of the lease store, with this SQLSTATE. The text has its words. It is tried again.",
  "start-failed": "Several consumers could not start. The text has a line for each, and `cause.errors` the errors.",
  "start-timeout": "A consumer could not start in time. The text says what failed last; core was still trying.",
  "stream-not-active": "The stream was not active in time. Apply again.",
  "stream-not-found":
    "There is no such stream. Create it with `plan` and `apply`, or check prefix, `address`, region and account.",
  "subscription-taken":
    "Another reader has the enhanced fan-out consumer of a shard: Kinesis pushes to only one at a time. Give each service its own group or prefix, or let them share their lease table.",
  "subscription-too-small":
    "A subscription by another protocol takes smaller messages than the topic should take. Lower `native.maxMessageBytes`, or remove it.",
  "tag-policy": "A tag policy of the organisation refuses these tags. Change `native.tags`.",
  "tail-unsupported":
    "The channel cannot be watched. Whoever reads a queue takes from its group: ask for its depth, look at its dead letters, or make the channel pub/sub.",
  throttled:
    "The broker takes no more calls for now. Core waits and tries again. If it lasts, raise the quota or call less.",
  timeout: "The service or the network was too slow. It is tried again. Check the network.",
  "tls-failed":
    "No encrypted connection could be made. Check the broker's certificate, `tls.ca` and `tls.servername`, or the machine's authorities.",
  "too-large":
    "The message is larger than the transport or its queue takes, headers included. Store the body elsewhere: see [large messages](../guides/claim-check.md).",
  "too-many-filters":
    "The topic or the account has all the filter policies that SNS allows (200 and 10,000). Leave `filter` out for some groups.",
  "too-many-headers": "SQS takes 10 message attributes, the type included. Publish fewer headers.",
  "too-many-in-batch":
    "More messages at once than the transport takes. Core splits batches itself: you see this from a driver used directly.",
  "too-many-in-flight":
    "The queue has the most messages in flight that SQS allows. Settle some, or lower `maxInFlight`.",
  "too-many-subscriptions":
    "The topic takes no more subscriptions. Above 256 KiB (`native.maxMessageBytes`) it takes 100.",
  "too-many-tags": "The topic has more tags than SNS takes. Remove some under `native.tags`.",
  "too-many-topics": "The account has reached its limit of topics. Delete some, or raise the quota.",
  "topic-not-found":
    "There is no such topic. Create it with `plan` and `apply`, or check prefix, `address`, region and account.",
  "topology-differs":
    "What is there differs from the configuration. `plan()` says in what. Apply it, or change the configuration. What is destructive needs `apply(plan, { destructive: true })`.",
  "topology-failed": "A queue or topic could not be created or checked. The cause says why.",
  "tumbling-window": "The event source mapping has a tumbling window. Remove `TumblingWindowInSeconds`.",
  undecryptable:
    "Of a dead letter: an encrypted message can never be read. The text says why: its attributes were changed on the way, its body belongs to another message or channel, publisher and consumer have different keys under one id or different contexts, or it is damaged or forged.",
  "unexpected-answer": "What answered is not the service. Check `endpoint`, and the proxies on the way to it.",
  "unhandled-type":
    'Of a dead letter: the group has no handler of this message type. Add one, or `"ignore"`, or `"*"`.',
  unknown:
    "Of an error: nothing is known of its cause. A publish may have been stored (`ambiguous`). Of a dead letter: the broker moved it, or it was copied as it was.",
  "unknown-channel":
    "The channel is in no list: give it to `connect({ channels })` and to the configuration's `channels`.",
  "unknown-error": "The memory broker met an error that is not its own. The cause says which.",
  "unknown-event":
    "The function got an event that is not of an event source mapping for SQS or Kinesis. Give it to another handler.",
  "unknown-key":
    "The message was encrypted with a key that the channel's `read` does not list. Add the key. It waits for `keys.<name>.wait` (15 minutes), then it is a dead letter, which can be redriven: see [encryption](../guides/encryption.md#change-a-key).",
  "unknown-source":
    "No consumer of the function reads the queue or stream of the event. The text names it, and those that it reads. Nothing of the event was acknowledged.",
  "unknown-type":
    "The channel declares no such message type. Correct the type, or add it to `messages`. Of a dead letter: deploy consumers before producers.",
  "unlisted-group": "The configuration lists no such group for the channel. Add it under `groups`.",
  unreachable:
    "Nothing answers at the address. Check host, port, network and whether the broker is up. It is tried again.",
  unroutable:
    "The destination of a publish does not exist, so the message was not stored. Create it with `plan` and `apply`, or check `address`.",
  unsupported: "RabbitMQ cannot do it. The text has its words. Check the broker's version.",
  "unsupported-operation":
    "The queue's kind does not support it. Check that channel and queue are both ordered (FIFO) or both not.",
  "untyped-message":
    "Of a dead letter: Switchyard did not publish the message, and the channel gave it no type. Declare `foreign`, or let it return a type: see [foreign messages](../guides/foreign-messages.md).",
  "vhost-down": "RabbitMQ's virtual host is down. It is tried again. The broker's log says why.",
  "vhost-not-found": "There is no such virtual host, or the user may not use it. Check the end of the address.",
  "would-discard":
    "The consumer ignores message types of a queue, which throws them away. Confirm it with `discard: true`, or handle them.",
  "wrong-account":
    "An operator's act would change something in another account than the configuration names, so nothing was done. Use that account's credentials, or correct `accountId` or the address. An emulator has an account, too: its profile must name that one, or none.",
  "wrong-endpoint": "The queue is not in this connection's region. Check `region` and `endpoint`.",
  "wrong-partition":
    "A warning: a message of an ordered RabbitMQ channel came to another partition than its key's, so its order is not kept. Its publisher is of an earlier version or another program, or the exchange is still a hash exchange: see [RabbitMQ](../transports/rabbitmq.md#move-from-the-hash-exchange).",
  "wrong-queue-kind":
    "The queue keeps no order and the channel has an `orderingKey`, or on SQS the other way round. Use a queue of the right kind (FIFO, or partitions made by `plan` and `apply`), or change the channel.",
  "wrong-region": "The ARN is in another region than the connection. Use a connection with that region.",
  "wrong-topic":
    "The topic's ARN is not of this connection, or the confirmation is of another topic. Check the ARN and its region.",
  "wrong-topic-kind":
    "The topic is FIFO and the channel is not ordered, or the other way round. Declare an `orderingKey`, or use another topic.",
};
