import { Controller, Get, Redirect } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';

/** Until there is a dashboard, the front page is the API's description. */
@Controller()
@ApiExcludeController()
export class FrontPageController {
  @Get()
  @Redirect('/docs', 302)
  front(): void {
    // The decorator says it all.
  }
}
