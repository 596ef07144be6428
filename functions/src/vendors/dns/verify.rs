//! Whether names moved: name servers, public resolvers, and the site itself are asked.
