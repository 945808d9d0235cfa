// Adders and comparators of ECP5, in the place of yosys' own lattice/arith_map_ccu2c.v: where that gives its first cell
// a constant carry, for which nextpnr takes two look-up tables more, here the first half of a cell makes the carry.
// tests/boards/test_carry_chains.py has them proved equal to yosys' $alu.
//
// A half of a CCU2C has a table P of its four inputs; S = P ^ carry in, and the carry out is the carry in where P is 1,
// and else G, the lowest quarter of the table, which only knows A and B. With D at 1 the two do not overlap.

(* techmap_celltype = "$alu" *)
module _80_xnorflow_ecp5_alu (A, B, CI, BI, X, Y, CO);
	parameter A_SIGNED = 0;
	parameter B_SIGNED = 0;
	parameter A_WIDTH = 1;
	parameter B_WIDTH = 1;
	parameter Y_WIDTH = 1;
	parameter _TECHMAP_CONSTMSK_CI_ = 0;
	parameter _TECHMAP_CONSTVAL_CI_ = 0;
	parameter _TECHMAP_CONSTMSK_BI_ = 0;
	parameter _TECHMAP_CONSTVAL_BI_ = 0;

	(* force_downto *)
	input [A_WIDTH-1:0] A;
	(* force_downto *)
	input [B_WIDTH-1:0] B;
	input CI, BI;
	(* force_downto *)
	output [Y_WIDTH-1:0] X, Y, CO;

	// As narrow as that, look-up tables alone are not more, and faster.
	wire _TECHMAP_FAIL_ = Y_WIDTH <= 4;

	(* force_downto *)
	wire [Y_WIDTH-1:0] AA, BX;
	\$pos #(.A_SIGNED(A_SIGNED), .A_WIDTH(A_WIDTH), .Y_WIDTH(Y_WIDTH)) a_pos (.A(A), .Y(AA));
	\$pos #(.A_SIGNED(B_SIGNED), .A_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)) b_pos (.A(B), .Y(BX));
	(* force_downto *)
	wire [Y_WIDTH-1:0] BB = BX ^ {Y_WIDTH{BI}};

	// The first half makes the carry out of bit 0, where that is a function of A and B alone and the halves come out
	// even; a look-up table makes the sum of bit 0 then. Else it passes CI on.
	localparam MAKES = Y_WIDTH % 2 == 0 && _TECHMAP_CONSTMSK_CI_ && _TECHMAP_CONSTMSK_BI_;
	localparam SKEW = MAKES ? 0 : 1;
	localparam HALVES = (Y_WIDTH + SKEW + 1) / 2 * 2;
	localparam [3:0] GENERATES = _TECHMAP_CONSTVAL_CI_ ? (_TECHMAP_CONSTVAL_BI_ ? 4'b1011 : 4'b1110)
		: (_TECHMAP_CONSTVAL_BI_ ? 4'b0010 : 4'b1000);
	localparam [15:0] FIRST = MAKES ? {12'h000, GENERATES} : 16'h000A;
	localparam [15:0] SUM = 16'h96AA;

	// By halves: half n has bit n - SKEW.
	(* force_downto *)
	wire [HALVES-1:0] P = MAKES ? AA : {AA, CI};
	(* force_downto *)
	wire [HALVES-1:0] Q = MAKES ? BX : {BX, 1'b0};
	(* force_downto *)
	wire [HALVES-1:0] S, C;

	genvar n;
	generate
		for (n = 0; n < HALVES; n = n + 2) begin : slice
			if (n == 0) begin
				CCU2C #(.INIT0(FIRST), .INIT1(SUM), .INJECT1_0("NO"), .INJECT1_1("NO")) pair (
					.A0(P[0]), .B0(Q[0]), .C0(1'b0), .D0(1'b1), .S0(S[0]),
					.A1(P[1]), .B1(Q[1]), .C1(BI), .D1(1'b1), .S1(S[1]), .COUT(C[1])
				);
				assign C[0] = MAKES ? (AA[0] & BB[0]) | (CI & (AA[0] | BB[0])) : CI;
			end else begin
				CCU2C #(.INIT0(SUM), .INIT1(SUM), .INJECT1_0("NO"), .INJECT1_1("NO")) pair (
					.CIN(C[n-1]),
					.A0(P[n]), .B0(Q[n]), .C0(BI), .D0(1'b1), .S0(S[n]),
					.A1(P[n+1]), .B1(Q[n+1]), .C1(BI), .D1(1'b1), .S1(S[n+1]), .COUT(C[n+1])
				);
				// There is no wire within a pair.
				assign C[n] = (P[n] & (Q[n] ^ BI)) | (C[n-1] & (P[n] | (Q[n] ^ BI)));
			end
		end
		if (MAKES)
			assign Y = {S[Y_WIDTH-1:1], AA[0] ^ BB[0] ^ CI};
		else
			assign Y = S[Y_WIDTH:1];
	endgenerate
	assign CO = C[Y_WIDTH-1+SKEW:SKEW];
	assign X = AA ^ BB;
endmodule
