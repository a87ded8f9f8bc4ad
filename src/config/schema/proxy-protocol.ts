import { network } from './network.ts';
import { list, section } from './structure.ts';

/** Schema of `proxyProtocol` of a listener. */
export const proxyAcceptSchema = section('The PROXY protocol, versions 1 and 2, from clients.', {
  from: list(
    'Networks whose connections must begin with a PROXY header; from others one is refused.',
    network('A network.'),
  ),
});
