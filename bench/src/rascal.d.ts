/** What the bench uses of rascal, which has no declarations of its own. */
declare module "rascal" {
  interface Publication {
    on(event: string, listener: (...args: any[]) => void): this;
  }
  interface Broker {
    publish(name: string, message: object): Promise<Publication>;
    subscribe(name: string): Promise<Publication>;
    on(event: string, listener: (...args: any[]) => void): this;
    shutdown(): Promise<void>;
  }
  const library: { readonly BrokerAsPromised: { create(config: object): Promise<Broker> } };
  export default library;
}
