import { Module, type DynamicModule } from '@nestjs/common';
import { OpsModule } from '#observability';
import { DispatchController } from './attempts/dispatch.controller.js';
import { Dispatcher } from './attempts/dispatcher.js';

export interface DispatcherParts {
  dispatcher: Dispatcher;
  ops: Parameters<typeof OpsModule.register>;
}

@Module({})
export class DispatcherModule {
  static of({ dispatcher, ops }: DispatcherParts): DynamicModule {
    return {
      module: DispatcherModule,
      imports: [OpsModule.register(...ops)],
      controllers: [DispatchController],
      providers: [{ provide: Dispatcher, useValue: dispatcher }],
    };
  }
}
