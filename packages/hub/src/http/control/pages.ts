/** Pages of a list. */
import Type from "typebox";

/** `page` from 1 on; `per_page` 1 to 100, default 10 */
export const PAGE_QUERY = {
  page: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
  per_page: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
};

const PER_PAGE = 10;

export function windowOf({ page = 1, per_page = PER_PAGE }: { page?: number; per_page?: number }): {
  limit: number;
  offset: number;
} {
  return { limit: per_page, offset: (page - 1) * per_page };
}
