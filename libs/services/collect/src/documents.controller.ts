/** What describes the API and the socket, for programs. Must never need a key: it holds no secret. */
import { asyncApi, openApi } from '@carillon/api';
import { Controller, Get, Header } from '@nestjs/common';

const keptFor = 'public, max-age=600';
const json = 'application/json; charset=utf-8';

@Controller()
export class DocumentsController {
  // Made when first asked for, and then the same bytes for everybody.
  #openApi: string | undefined;
  #asyncApi: string | undefined;

  @Get('openapi.json')
  @Header('cache-control', keptFor)
  @Header('content-type', json)
  openApi(): string {
    this.#openApi ??= JSON.stringify(openApi());
    return this.#openApi;
  }

  @Get('asyncapi.json')
  @Header('cache-control', keptFor)
  @Header('content-type', json)
  asyncApi(): string {
    this.#asyncApi ??= JSON.stringify(asyncApi());
    return this.#asyncApi;
  }
}
